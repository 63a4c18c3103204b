public import Base
public import Core
public import Postgres

/// A person in a team, as another of its members sees them.
public struct Member: OutputObject, RowDecodable {
    /// Names the membership, not the person: who leaves and comes back has another one.
    public let id: ID<Member>

    /// The person.
    public let user: ID<User>

    /// The person's address; nil where there is none, and for callers who may not see it.
    public let email: String?

    /// The person's place in the team.
    public let role: Role

    /// What the person may do.
    public let permissions: [Permission]

    /// The permissions that take the place of the role's; nil where the role's hold.
    public let override: [Permission]?

    /// Since when the person is a member.
    public let joinedAt: Timestamp

    /// When the role or the override last changed.
    public let updatedAt: Timestamp

    public init(row: borrowing Row) throws(PostgresError) {
        id = try row["id"]
        user = try row["user_id"]
        email = try row["email"]
        role = try row["role"]
        permissions = try row["permissions"]
        override = try row["override"]
        joinedAt = try row["joined_at"]
        updatedAt = try row["updated_at"]
    }

    public static let fields: [OutputField<Member>] = [
        OutputField("id", "The membership.") { $0.id },
        OutputField("userId", "The person.") { $0.user },
        OutputField("email", "The person's address; null also if you do not manage members.") { $0.email },
        OutputField("role", "The person's role.") { $0.role },
        OutputField("permissions", "What the person may do.") { $0.permissions },
        OutputField("override", "What takes the place of the role's permissions; null for nothing.") { $0.override },
        OutputField("joinedAt", "Since when the person is a member.") { $0.joinedAt },
        OutputField("updatedAt", "When the role or the override last changed.") { $0.updatedAt },
    ]
}

extension Member {
    /// Names a member of a team.
    public struct Reference: InputObject {
        /// The team.
        public let team: ID<Team>

        /// The membership.
        public let member: ID<Member>

        public static let schema = Schema(
            Field("teamId", ID<Team>.self, "The team."),
            Field("memberId", ID<Member>.self, "The membership, as listMembers calls it."),
            into: Reference.init
        )
    }
}
