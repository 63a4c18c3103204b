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
    /// By default the billing address is a member's own address, so only callers who may see members' addresses get it.
    init(row: borrowing Row, seenBy caller: Caller?) throws(PostgresError) {
        let viewer = try Viewer(row: row, as: caller)
        id = try row["id"]
        name = try row["name"]
        slug = try row["slug"]
        owner = try row["owner_id"]
        role = viewer.role
        permissions = viewer.permissions
        billingEmail = viewer.seesAddresses ? try row["billing_email"] : nil
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

extension Team: TeamAnswer {
    public var answeredTeam: UUID { id.uuid }

    public static func members(of answer: JSONValue, seenBy viewer: Viewer) -> [String: any JSONEncodable] {
        var members: [String: any JSONEncodable] = ["role": viewer.role, "permissions": viewer.permissions]
        let hidden: any JSONEncodable = String?.none
        if !viewer.seesAddresses { members["billingEmail"] = hidden }
        if !viewer.permissions.contains(.write) { members["settings"] = hidden }
        return members
    }
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
