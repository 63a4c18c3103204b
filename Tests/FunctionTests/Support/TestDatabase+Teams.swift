import Base
import Core
import Postgres
import TestSupport

@testable import Teams
@testable import nofx

extension TestDatabase {
    /// Makes a team of a user.
    func team(_ name: String = "Acme", of owner: Caller) throws -> Team {
        try call(CreateTeam.self, #"{"name":"\#(name)"}"#, as: owner)
    }

    /// Makes a new user who is a member of a team.
    func member(of team: Team, as role: Role, permissions: [Permission]? = nil) throws -> Caller {
        let caller = Caller.stranger()
        try add(caller, to: team, as: role, permissions: permissions)
        return caller
    }

    /// Makes a user a member of a team.
    func add(_ caller: Caller, to team: Team, as role: Role, permissions: [Permission]? = nil) throws {
        var connection = try connect()
        _ = try connection.transact(
            [
                """
                INSERT INTO nofx.users (id, issuer, subject)
                VALUES (\(caller.user), \(caller.issuer), \(caller.subject)) ON CONFLICT DO NOTHING
                """,
                """
                INSERT INTO nofx.team_members (team_id, user_id, role, permissions)
                VALUES (\(team.id), \(caller.user), \(role), \(permissions))
                """,
            ],
            deadline: .test
        )
    }

    /// The audit trail of a team, oldest entry first.
    func activity(of team: ID<Team>) throws -> [Activity] {
        try rows("SELECT *, metadata::text AS data FROM nofx.team_activity WHERE team_id = \(team) ORDER BY id")
            .decode()
    }

    /// The stored row of a team, as text.
    func snapshot(of team: Team) throws -> String {
        try value("SELECT to_jsonb(t)::text FROM nofx.teams t WHERE id = \(team.id)")
    }

    /// The number of teams in the database.
    func countOfTeams() throws -> Int {
        try value("SELECT count(*) FROM nofx.teams")
    }
}

extension Team {
    /// The input that names only the team.
    var reference: String { #"{"teamId":"\#(id)"}"# }

    /// The input that changes the team.
    func changes(_ members: String) -> String { #"{"teamId":"\#(id)",\#(members)}"# }
}

/// An entry of the audit trail.
struct Activity: RowDecodable {
    let teamName: String?
    let actor: ID<User>?
    let action: String
    let resource: String?
    let metadata: String
    let credential: String?
    let requestID: String?
    let ip: String?
    let userAgent: String?

    init(row: borrowing Row) throws(PostgresError) {
        teamName = try row["team_name"]
        actor = try row["actor_id"]
        action = try row["action"]
        resource = try row["resource_id"]
        metadata = try row["data"]
        credential = try row["credential"]
        requestID = try row["request_id"]
        ip = try row["ip"]
        userAgent = try row["user_agent"]
    }
}
