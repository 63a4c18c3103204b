public import Base
public import Core
public import Postgres

/// A membership that came of an invite.
public struct Acceptance: OutputObject, RowDecodable {
    /// The team.
    public let team: ID<Team>

    /// What people call it.
    public let teamName: TeamName

    /// The membership.
    public let member: ID<Member>

    /// The caller's role, which is not the invite's for who was a member before.
    public let role: Role

    /// Whether the caller was a member before, so that nothing about the membership changed.
    public let wasMember: Bool

    public init(row: borrowing Row) throws(PostgresError) {
        team = try row["team_id"]
        teamName = try row["team_name"]
        member = try row["member_id"]
        role = try row["role"]
        wasMember = try row["was_member"]
    }

    public static let fields: [OutputField<Acceptance>] = [
        OutputField("teamId", "The team.") { $0.team },
        OutputField("teamName", "What people call it.") { $0.teamName },
        OutputField("memberId", "Your membership.") { $0.member },
        OutputField("role", "Your role.") { $0.role },
        OutputField("alreadyMember", "Whether you were a member before; then your role is as it was.") { $0.wasMember },
    ]
}
