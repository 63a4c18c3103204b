import Core
import Postgres
import TestSupport

@testable import Teams

extension TestDatabase {
    /// Invites an address to a team.
    func invite(_ email: String, to team: Team, by caller: Caller) throws {
        try rows(
            """
            INSERT INTO nofx.team_invites (team_id, email, email_normalized, role, invited_by)
            VALUES (\(team.id), \(email), \(email), 'member', \(caller.user))
            """
        )
    }

    /// Makes another member the owner of a team.
    func transfer(_ team: Team, to heir: Caller) throws {
        var connection = try connect()
        try connection.transaction(deadline: .test) { try Self.transfer(team, to: heir, $0) }
    }

    /// Makes another member the owner of a team, as part of a transaction.
    static func transfer(_ team: Team, to heir: Caller, _ transaction: borrowing Transaction) throws {
        try transaction.run(
            "UPDATE nofx.team_members SET role = 'admin' WHERE team_id = \(team.id) AND role = 'owner'"
        )
        try transaction.run(
            """
            UPDATE nofx.team_members SET role = 'owner', permissions = NULL
            WHERE team_id = \(team.id) AND user_id = \(heir.user)
            """
        )
        try transaction.run("UPDATE nofx.teams SET owner_id = \(heir.user) WHERE id = \(team.id)")
    }
}
