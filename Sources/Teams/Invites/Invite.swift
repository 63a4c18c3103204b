public import Base
public import Core
public import Postgres

/// An invite as members who manage the team see it.
///
/// It never contains a token.
public struct Invite: OutputObject, RowDecodable {
    public let id: ID<Invite>

    /// The invited address, as the inviter wrote it.
    public let email: String

    /// The role that the new member gets.
    public let role: Role

    public let status: InviteStatus

    /// The user who sent the invite.
    public let inviter: ID<User>

    public let createdAt: Timestamp
    public let expiresAt: Timestamp

    /// When the invite was accepted, cancelled, or marked as expired; nil before.
    ///
    /// An expired invite is only marked when the address is invited again.
    public let decidedAt: Timestamp?

    public init(row: borrowing Row) throws(PostgresError) {
        id = try row["id"]
        email = try row["email"]
        role = try row["role"]
        status = try row["status"]
        inviter = try row["invited_by"]
        createdAt = try row["created_at"]
        expiresAt = try row["expires_at"]
        decidedAt = try row["decided_at"]
    }

    public static let fields: [OutputField<Invite>] = [
        OutputField("id", "The invite.") { $0.id },
        OutputField("email", "The invited e-mail address.") { $0.email },
        OutputField("role", "The role that the new member gets.") { $0.role },
        OutputField("status", "The invite's status.") { $0.status },
        OutputField("invitedBy", "The user who sent the invite.") { $0.inviter },
        OutputField("createdAt", "When the invite was sent.") { $0.createdAt },
        OutputField("expiresAt", "When the invite expires.") { $0.expiresAt },
        OutputField("decidedAt", "When the invite was accepted, cancelled or replaced; null otherwise.") {
            $0.decidedAt
        },
    ]
}

/// The state of an invite.
///
/// A pending invite changes its status once. A pending invite past its time counts as expired, whatever its row says.
public enum InviteStatus: String, InputEnumeration, OutputValue, PostgresEncodable, PostgresDecodable {
    case pending, accepted, cancelled, expired
}

/// A role that an invite can grant: every role but the owner's.
public enum InvitedRole: String, InputEnumeration, PostgresEncodable {
    case admin, member, viewer
}

/// A text that an inviter adds to an invite: 1 to 1000 visible characters, in lines.
public struct InviteMessage: RawRepresentable, Hashable, InputValue, PostgresEncodable {
    private static let text = TextRule(1...1_000, allowsLines: true)

    public let rawValue: String

    public static var rule: String { text.description }
    public static var form: ValueForm { text.form }

    public init(input: JSONValue) throws(Violations) {
        rawValue = try Self.text.read(input)
    }

    public init?(rawValue: String) {
        guard let message = try? Self.text.check(rawValue) else { return nil }
        self.rawValue = message
    }
}

/// A new invite with its token, which is shown only once.
public struct NewInvite: OutputObject {
    public let id: ID<Invite>

    /// The invited address, as the inviter wrote it.
    public let email: String

    /// The role that the new member gets.
    public let role: Role

    /// The status: pending.
    public let status: InviteStatus

    public let expiresAt: Timestamp
    public let createdAt: Timestamp

    /// The token that acceptInvite takes.
    public let acceptToken: OneTimeSecret

    init(_ token: InviteToken, row: borrowing Row) throws(PostgresError) {
        id = try row["id"]
        email = try row["email"]
        role = try row["role"]
        status = try row["status"]
        expiresAt = try row["expires_at"]
        createdAt = try row["created_at"]
        acceptToken = OneTimeSecret(token.text)
    }

    public static let fields: [OutputField<NewInvite>] = [
        OutputField("id", "The invite, for listInvites and cancelInvite.") { $0.id },
        OutputField("email", "The invited e-mail address.") { $0.email },
        OutputField("role", "The role that the new member gets.") { $0.role },
        OutputField("status", "The invite's status: pending.") { $0.status },
        OutputField("expiresAt", "When the invite expires.") { $0.expiresAt },
        OutputField("createdAt", "When the invite was sent.") { $0.createdAt },
        OutputField("acceptToken", "The token for acceptInvite. It is shown only once.") { $0.acceptToken },
    ]
}

/// The membership that an accepted invite gives.
public struct AcceptedInvite: OutputObject, RowDecodable {
    public let team: ID<Team>
    public let teamName: TeamName
    public let member: ID<Member>

    /// The caller's role.
    ///
    /// A caller who was a member before keeps the earlier role, not the invite's.
    public let role: Role

    /// Whether the caller was a member before, so that the membership did not change.
    public let wasMember: Bool

    public init(row: borrowing Row) throws(PostgresError) {
        team = try row["team_id"]
        teamName = try row["team_name"]
        member = try row["member_id"]
        role = try row["role"]
        wasMember = try row["was_member"]
    }

    public static let fields: [OutputField<AcceptedInvite>] = [
        OutputField("teamId", "The team.") { $0.team },
        OutputField("teamName", "The team's display name.") { $0.teamName },
        OutputField("memberId", "Your membership.") { $0.member },
        OutputField("role", "Your role.") { $0.role },
        OutputField("alreadyMember", "Whether you were a member before; your role is then unchanged.") {
            $0.wasMember
        },
    ]
}

extension AcceptedInvite: TeamAnswer {
    public var answeredTeam: UUID { team.uuid }

    public static func members(of answer: JSONValue, seenBy viewer: Viewer) -> [String: any JSONEncodable] {
        ["role": viewer.role]
    }
}
