public import Base
public import Core
public import Postgres

/// An address that was asked into a team, as those who manage its members see it; never with a token.
public struct Invite: OutputObject, RowDecodable {
    /// Names the invite.
    public let id: ID<Invite>

    /// The address, as it was written.
    public let email: String

    /// The role that whoever accepts gets.
    public let role: Role

    /// What has become of it.
    public let status: InviteStatus

    /// Who made it.
    public let inviter: ID<User>

    /// When it was made.
    public let createdAt: Timestamp

    /// Until when it can be accepted.
    public let expiresAt: Timestamp

    /// When it was accepted or cancelled, or made room for another one after its time; nil before.
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
        OutputField("email", "The address.") { $0.email },
        OutputField("role", "The role that it is for.") { $0.role },
        OutputField("status", "What has become of it.") { $0.status },
        OutputField("invitedBy", "Who made it.") { $0.inviter },
        OutputField("createdAt", "When it was made.") { $0.createdAt },
        OutputField("expiresAt", "Until when it can be accepted.") { $0.expiresAt },
        OutputField("decidedAt", "When its pending ended by somebody's doing; null otherwise.") { $0.decidedAt },
    ]
}
