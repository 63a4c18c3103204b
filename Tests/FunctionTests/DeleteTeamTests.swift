import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import nofx

@Suite struct DeleteTeamTests {
    // Cases: teams 62
    @Test func `the owner deletes a team, and can restore it for 30 days`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let deleted = try database.call(DeleteTeam.self, team.reference, as: owner)
        #expect(deleted.id == team.id)
        let days = deleted.purgeAfter.microsecondsSince1970 - deleted.deletedAt.microsecondsSince1970
        #expect(days == 30 * 86_400 * 1_000_000)
        #expect(deleted.invitesCancelled == 0)
        #expect(database.refusal(of: GetTeam.self, team.reference, as: owner) == "404 team_not_found")
        let changes = team.changes(#""name":"Zenith""#)
        #expect(database.refusal(of: UpdateTeam.self, changes, as: owner) == "404 team_not_found")
        #expect(database.refusal(of: DeleteTeam.self, team.reference, as: owner) == "404 team_not_found")
        #expect(try database.value("SELECT deleted_by FROM nofx.teams WHERE id = \(team.id)") == owner.user.uuid)
        #expect(try database.activity(of: team.id).map(\.action) == ["team.created", "team.deleted"])
    }

    // Cases: teams 62
    @Test func `pending invites end with the team, and decided ones do not change`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let (team, other) = (try database.team(of: owner), try database.team(of: owner))
        for (team, email) in [(team, "a@example.com"), (team, "b@example.com"), (other, "a@example.com")] {
            try database.invite(email, to: team, by: owner)
        }
        try database.rows(
            """
            UPDATE nofx.team_invites SET status = 'expired', decided_at = now() WHERE email_normalized = 'b@example.com'
            """
        )
        let deleted = try database.call(DeleteTeam.self, team.reference, as: owner)
        #expect(deleted.invitesCancelled == 1)
        let states: [String] = try database.value(
            "SELECT array_agg(status ORDER BY email) FROM nofx.team_invites WHERE team_id = \(team.id)"
        )
        #expect(states == ["cancelled", "expired"])
        #expect(try database.value("SELECT status FROM nofx.team_invites WHERE team_id = \(other.id)") == "pending")
    }

    // Cases: teams 63
    @Test(arguments: [Role.admin, .member, .viewer])
    func `only the owner deletes a team`(_ role: Role) throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        let before = try database.snapshot(of: team)
        let member = try database.member(of: team, as: role, permissions: [.read, .write, .delete, .admin])
        let denial = #expect(throws: Denial.self) {
            try database.call(DeleteTeam.self, team.reference, as: member)
        }
        #expect(denial?.problem.status == 403)
        #expect(denial?.problem.code == "owner_only")
        #expect(denial?.problem.detail == "Only team owners can delete teams")
        #expect(denial?.action.name == "team.delete")
        #expect(denial?.reason == .notOwner)
        #expect(denial?.role == role)
        #expect(denial?.team == team.id.uuid)
        #expect(try database.snapshot(of: team) == before)
        #expect(try database.activity(of: team.id).count == 1)
    }

    // Cases: teams 64
    @Test func `after a transfer the old owner cannot delete the team, and the new owner can`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let heir = try database.member(of: team, as: .member)
        try database.transfer(team, to: heir)
        #expect(database.refusal(of: DeleteTeam.self, team.reference, as: owner) == "403 owner_only")
        #expect(database.refusal(of: DeleteTeam.self, team.reference, as: heir) == nil)
    }

    @Test func `a transfer during a deletion by the old owner keeps the team`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let heir = try database.member(of: team, as: .member)
        var holder = try database.connect()
        let waiter = try holder.transaction(deadline: .test) { transaction in
            try transaction.run("SELECT FROM nofx.teams WHERE id = \(team.id) FOR UPDATE")
            let waiter = database.start(DeleteTeam.self, team.reference, as: owner)
            try database.awaitWaiters()
            try TestDatabase.transfer(team, to: heir, transaction)
            return waiter
        }
        #expect([waiter.join()].tally() == ["403 owner_only": 1])
        #expect(database.refusal(of: GetTeam.self, team.reference, as: heir) == nil)
    }

    @Test func `an invite created while the team is being deleted ends with it`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        var holder = try database.connect()
        let waiter = try holder.transaction(deadline: .test) { transaction in
            try transaction.run("SELECT FROM nofx.teams WHERE id = \(team.id) FOR NO KEY UPDATE")
            let waiter = database.start(DeleteTeam.self, team.reference, as: owner)
            try database.awaitWaiters()
            try transaction.run(
                """
                INSERT INTO nofx.team_invites (team_id, email, email_normalized, role, invited_by)
                VALUES (\(team.id), 'a@example.com', 'a@example.com', 'member', \(owner.user))
                """
            )
            return waiter
        }
        #expect(try waiter.join().get().invitesCancelled == 1)
        #expect(try database.value("SELECT status FROM nofx.team_invites") == "cancelled")
    }

    // Cases: teams 65
    @Test func `of eight concurrent deletions of a team one succeeds`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let outcomes = database.race(DeleteTeam.self, (0..<8).map { _ in (owner, team.reference) })
        #expect(outcomes.tally() == ["ok": 1, "404 team_not_found": 7])
        #expect(try database.activity(of: team.id).map(\.action) == ["team.created", "team.deleted"])
    }
}
