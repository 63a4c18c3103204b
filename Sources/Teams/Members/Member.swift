public import Base
public import Core
public import Postgres

/// A person in a team, as another of its members sees them.
public struct Member: OutputObject, RowDecodable {
    /// Names the membership, not the person: a person who leaves and joins again gets a new one.
    public let id: ID<Member>

    public let user: ID<User>

    /// The person's e-mail address; nil if there is none, and for callers who may not see it.
    public let email: String?

    public let role: Role

    /// What the person may do: the role's permissions, or the override.
    public let permissions: [Permission]

    /// The permissions that replace the role's; nil if there is no override.
    public let override: [Permission]?

    public let joinedAt: Timestamp

    /// When the role or the override was last changed.
    public let updatedAt: Timestamp

    public init(row: borrowing Row) throws(PostgresError) {
        id = try row["id"]
        user = try row["user_id"]
        email = try row["email"]
        role = try row["role"]
        permissions = try row.known("permissions") ?? []
        override = try row.known("override")
        joinedAt = try row["joined_at"]
        updatedAt = try row["updated_at"]
    }

    public static let fields: [OutputField<Member>] = [
        OutputField("id", "The membership.") { $0.id },
        OutputField("userId", "The person.") { $0.user },
        OutputField("email", "The person's e-mail address; null if you may not see it.") { $0.email },
        OutputField("role", "The person's role.") { $0.role },
        OutputField("permissions", "The person's permissions.") { $0.permissions },
        OutputField("override", "The permissions that replace the role's; null if there is no override.") {
            $0.override
        },
        OutputField("joinedAt", "When the person became a member.") { $0.joinedAt },
        OutputField("updatedAt", "When the role or the override was last changed.") { $0.updatedAt },
    ]
}

extension Member {
    /// Names a member of a team.
    public struct Reference: InputObject {
        public let team: ID<Team>
        public let member: ID<Member>

        public static let schema = Schema(
            Field("teamId", ID<Team>.self, "The team."),
            Field("memberId", ID<Member>.self, "The membership: the id in listMembers."),
            into: Reference.init
        )
    }

    /// A membership that has ended.
    public struct Departure: OutputObject, RowDecodable {
        let team: ID<Team>
        let member: ID<Member>
        let user: ID<User>
        let invitesCancelled: Int

        public init(row: borrowing Row) throws(PostgresError) {
            team = try row["team_id"]
            member = try row["id"]
            user = try row["user_id"]
            invitesCancelled = try row["invites_cancelled"]
        }

        public static let fields: [OutputField<Departure>] = [
            OutputField("teamId", "The team.") { $0.team },
            OutputField("memberId", "The membership that ended.") { $0.member },
            OutputField("userId", "The person.") { $0.user },
            OutputField("invitesCancelled", "The number of pending invites of and to the person that were cancelled.") {
                $0.invitesCancelled
            },
        ]
    }
}

/// The permissions that replace a role's: each at most once.
///
/// An empty list permits nothing.
struct PermissionOverride: InputValue {
    /// The permissions, in the order in which they are declared.
    let permissions: [Permission]

    static var rule: String { "\([Permission].rule), each at most once" }
    static var form: ValueForm { .array(Permission.form, 0...Permission.allCases.count, isSet: true) }

    init(input: JSONValue) throws(Violations) {
        permissions = try Permission.distinct(input, in: ListRule(0...Permission.allCases.count))
    }
}
