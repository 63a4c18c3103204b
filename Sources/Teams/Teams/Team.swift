public import Base
public import Core
import Postgres

/// A group of people that owns runs, as one of its members sees it.
public struct Team: OutputObject {
    public let id: ID<Team>

    /// The display name; not unique.
    public let name: TeamName

    /// The name in URLs, unique among the teams that are not deleted.
    public let slug: TeamSlug

    /// The owner, the only member who may delete the team.
    public let owner: ID<User>

    /// The caller's role; nil for an operator who is not a member.
    public let role: Role?

    /// The caller's permissions.
    public let permissions: [Permission]

    /// The billing address; nil also for callers who do not manage members.
    public let billingEmail: String?

    /// The data that the members store; nil for callers who may not write.
    public let settings: TeamSettings?

    /// The number of the team's current version.
    ///
    /// Each change adds 1.
    public let version: Int

    public let createdAt: Timestamp
    public let updatedAt: Timestamp

    /// Reads a team as a member may see it.
    ///
    /// The holder of an API key sees no more than the key's scopes allow.
    ///
    /// By default the billing address is a member's own address, so only callers who may see members' addresses get it.
    init(row: borrowing Row, seenBy caller: Caller?) throws(PostgresError) {
        let role: Role? = try row["role"]
        let permitted = try row.known("permissions", Permission.self) ?? []
        let permissions = permitted.filter { caller?.scopes?.contains(Scope($0)) ?? true }
        // An override can leave an admin with less than the role permits.
        let isAdmin = role == .admin && Set(permitted).isSuperset(of: [.read, .write, .delete])
        let seesAddresses = isAdmin || permitted.contains(.admin)
        id = try row["id"]
        name = try row["name"]
        slug = try row["slug"]
        owner = try row["owner_id"]
        self.role = role
        self.permissions = permissions
        billingEmail = seesAddresses && caller?.scopes?.contains(.admin) ?? true ? try row["billing_email"] : nil
        settings = permissions.contains(.write) ? try row["settings"] : nil
        version = try row["version"]
        createdAt = try row["created_at"]
        updatedAt = try row["updated_at"]
    }

    public static let fields: [OutputField<Team>] = [
        OutputField("id", "The team.") { $0.id },
        OutputField("name", "The display name.") { $0.name },
        OutputField("slug", "The name in URLs.") { $0.slug },
        OutputField("ownerId", "The member who owns the team.") { $0.owner },
        OutputField("role", "Your role; null for an operator who is not a member.") { $0.role },
        OutputField("permissions", "Your permissions.") { $0.permissions },
        OutputField("billingEmail", "Billing address; null if you may not see it.") { $0.billingEmail },
        OutputField("settings", "Data that the members store with the team; null if you may not write.") {
            $0.settings
        },
        OutputField("version", "The team's version: 1 at first, 1 more with each change.") { $0.version },
        OutputField("createdAt", "When the team was created.") { $0.createdAt },
        OutputField("updatedAt", "When the team was last changed.") { $0.updatedAt },
    ]
}

extension Team {
    /// Names a team.
    public struct Reference: InputObject {
        public let team: ID<Team>

        public static let schema = Schema(
            Field("teamId", ID<Team>.self, "The team."),
            into: Reference.init
        )
    }
}
