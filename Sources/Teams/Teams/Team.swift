public import Base
public import Core
import Postgres

/// A group of people that owns runs, as one of its members sees it.
public struct Team: OutputObject {
    /// Names the team.
    public let id: ID<Team>

    /// What people call it; several teams may have the same name.
    public let name: TeamName

    /// Its name in addresses, which no other living team has.
    public let slug: TeamSlug

    /// The one member who may delete it.
    public let owner: ID<User>

    /// The caller's role.
    public let role: Role

    /// What the caller may do.
    public let permissions: [Permission]

    /// Where bills go; nil also for callers who do not manage members.
    public let billingEmail: String?

    /// What the members keep with it; nil for callers who may not write.
    public let settings: TeamSettings?

    /// Counts the changes, from 1.
    public let version: Int

    /// When the team was made.
    public let createdAt: Timestamp

    /// When it last changed.
    public let updatedAt: Timestamp

    /// Reads a team as a member may see it, and the bearer of a member's API key no more of it than the scopes allow.
    ///
    /// The address for bills is some member's by default, so it is shown to those who see members' addresses.
    init(row: borrowing Row, seenBy caller: Caller?) throws(PostgresError) {
        let role: Role = try row["role"]
        let permitted: [Permission] = try row["permissions"]
        let permissions = permitted.filter { caller?.scopes?.contains(Scope($0)) ?? true }
        let seesAddresses = role == .owner || role == .admin || permitted.contains(.admin)
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
        OutputField("name", "What people call it.") { $0.name },
        OutputField("slug", "Its name in addresses.") { $0.slug },
        OutputField("ownerId", "The member who owns it.") { $0.owner },
        OutputField("role", "Your role.") { $0.role },
        OutputField("permissions", "What you may do.") { $0.permissions },
        OutputField("billingEmail", "Where bills go; null also if you do not manage members.") { $0.billingEmail },
        OutputField("settings", "What the members keep with it; null if you may not write.") { $0.settings },
        OutputField("version", "Counts the changes, from 1.") { $0.version },
        OutputField("createdAt", "When it was made.") { $0.createdAt },
        OutputField("updatedAt", "When it last changed.") { $0.updatedAt },
    ]
}
