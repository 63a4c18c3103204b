import Base
import Core
import FunctionRuntime
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import nofx

/// Concurrent calls of members about each other.
@Suite struct MembershipRaceTests {
    // Cases: teams 112
    @Test func `two admins who remove each other concurrently are both refused`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        let (one, two) = (try database.member(of: team, as: .admin), try database.member(of: team, as: .admin))
        let outcomes = database.race(
            RemoveMember.self,
            [
                (one, team.event(on: try database.membership(of: two, in: team))),
                (two, team.event(on: try database.membership(of: one, in: team))),
            ]
        )
        #expect(outcomes.tally() == ["403 role_too_high": 2])
        #expect(try database.roll(of: team).count == 3)
    }

    @Test func `of 16 concurrent removals of a member one succeeds`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let member = try database.member(of: team, as: .member)
        let admins = try (0..<15).map { _ in try database.member(of: team, as: .admin) }
        let input = team.event(on: try database.membership(of: member, in: team))
        let outcomes = database.race(RemoveMember.self, (admins + [owner]).map { ($0, input) })
        #expect(outcomes.tally() == ["ok": 1, "404 member_not_found": 15])
        #expect(try database.activity(of: team.id).map(\.action) == ["team.created", "member.removed"])
    }

    @Test func `of eight concurrent departures of a member one succeeds`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        let member = try database.member(of: team, as: .member)
        let outcomes = database.race(LeaveTeam.self, (0..<8).map { _ in (member, team.reference) })
        #expect(outcomes.tally() == ["ok": 1, "404 team_not_found": 7])
        #expect(try database.activity(of: team.id).map(\.action) == ["team.created", "member.left"])
    }

    // Cases: teams 117
    @Test func `of two concurrent transfers of a team one succeeds`() throws {
        let database = try TestDatabase()
        for _ in 0..<10 {
            let owner = Caller.stranger()
            let team = try database.team(of: owner)
            let heirs = try (0..<2).map { _ in try database.member(of: team, as: .member) }
            let outcomes = database.race(
                TransferOwnership.self,
                try heirs.map { (owner, team.event(on: try database.membership(of: $0, in: team))) }
            )
            #expect(outcomes.tally() == ["ok": 1, "403 owner_only": 1])
            #expect(try database.ownership(of: team) == "1 owner, named")
            #expect(try database.role(of: owner, in: team) == .admin)
        }
    }

    // Cases: teams 118
    @Test func `an heir who is removed concurrently owns the team or is gone, 100 times`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let (admin, heir) = (try database.member(of: team, as: .admin), try database.member(of: team, as: .member))
        for _ in 0..<100 {
            let input = team.event(on: try database.membership(of: heir, in: team))
            let outcomes = try runConcurrently(2) { number, barrier in
                number == 0
                    ? try database.attempt(TransferOwnership.self, input, as: owner, barrier)
                    : try database.attempt(RemoveMember.self, input, as: admin, barrier)
            }
            #expect(outcomes == ["ok", "409 owner_cannot_be_removed"] || outcomes == ["404 member_not_found", "ok"])
            try database.expect(heir, in: team, ownsIt: outcomes[0] == "ok")
            try database.reset(team, to: owner, heir: heir)
        }
    }

    // Cases: teams 118
    @Test func `an heir who leaves concurrently owns the team or is gone, 100 times`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let heir = try database.member(of: team, as: .member)
        for _ in 0..<100 {
            let input = team.event(on: try database.membership(of: heir, in: team))
            let outcomes = try runConcurrently(2) { number, barrier in
                number == 0
                    ? try database.attempt(TransferOwnership.self, input, as: owner, barrier)
                    : try database.attempt(LeaveTeam.self, team.reference, as: heir, barrier)
            }
            #expect(outcomes == ["ok", "409 owner_cannot_leave"] || outcomes == ["404 member_not_found", "ok"])
            try database.expect(heir, in: team, ownsIt: outcomes[0] == "ok")
            try database.reset(team, to: owner, heir: heir)
        }
    }

    @Test(arguments: [
        ("UPDATE nofx.team_members SET role = 'member' WHERE role = 'admin'" as Query, "403 forbidden"),
        ("UPDATE nofx.team_members SET permissions = '{read,write}' WHERE role = 'admin'", "403 forbidden"),
        ("UPDATE nofx.team_members SET role = 'admin' WHERE role = 'viewer'", "403 role_too_high"),
        ("DELETE FROM nofx.team_members WHERE role = 'admin'", "404 team_not_found"),
        ("DELETE FROM nofx.team_members WHERE role = 'viewer'", "404 member_not_found"),
        ("UPDATE nofx.teams SET deleted_at = now(), purge_after = now()", "404 team_not_found"),
    ])
    func `a removal or change checks permissions again after its wait`(_ loss: Query, _ expected: String) throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        let (admin, viewer) = (try database.member(of: team, as: .admin), try database.member(of: team, as: .viewer))
        let id = try database.membership(of: viewer, in: team)
        var holder = try database.connect()
        let waiters = try holder.transaction(deadline: .test) { transaction in
            try transaction.run("SELECT FROM nofx.teams WHERE id = \(team.id) FOR UPDATE")
            let removal = database.start(RemoveMember.self, team.event(on: id), as: admin)
            let change = database.start(UpdateMemberRole.self, team.event(on: id, #""role":"member""#), as: admin)
            try database.awaitWaiters(2)
            try transaction.run(loss)
            return (removal, change)
        }
        #expect([waiters.0.join()].tally() == [expected: 1])
        #expect([waiters.1.join()].tally() == [expected: 1])
        #expect(try database.activity(of: team.id).count == 1)
    }

    // Cases: teams 118
    @Test func `a member who becomes the owner while a removal, change or departure waits stays`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        let (admin, heir) = (try database.member(of: team, as: .admin), try database.member(of: team, as: .viewer))
        let id = try database.membership(of: heir, in: team)
        var holder = try database.connect()
        let waiters = try holder.transaction(deadline: .test) { transaction in
            try transaction.run("SELECT FROM nofx.teams WHERE id = \(team.id) FOR UPDATE")
            let removal = database.start(RemoveMember.self, team.event(on: id), as: admin)
            let change = database.start(UpdateMemberRole.self, team.event(on: id, #""role":"member""#), as: admin)
            let leaving = database.start(LeaveTeam.self, team.reference, as: heir)
            try database.awaitWaiters(3)
            try TestDatabase.transfer(team, to: heir, transaction)
            return (removal, change, leaving)
        }
        #expect([waiters.0.join()].tally() == ["409 owner_cannot_be_removed": 1])
        #expect([waiters.1.join()].tally() == ["409 owner_role_immutable": 1])
        #expect([waiters.2.join()].tally() == ["409 owner_cannot_leave": 1])
        try database.expect(heir, in: team, ownsIt: true)
    }

    // Cases: teams 118
    @Test(arguments: [
        ("DELETE FROM nofx.team_members WHERE role = 'viewer'" as Query, "404 member_not_found"),
        ("UPDATE nofx.teams SET deleted_at = now(), purge_after = now()", "404 team_not_found"),
    ])
    func `a transfer checks heir and team again after its wait`(_ loss: Query, _ expected: String) throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let heir = try database.member(of: team, as: .viewer)
        let input = team.event(on: try database.membership(of: heir, in: team))
        var holder = try database.connect()
        let waiter = try holder.transaction(deadline: .test) { transaction in
            try transaction.run("SELECT FROM nofx.teams WHERE id = \(team.id) FOR UPDATE")
            let waiter = database.start(TransferOwnership.self, input, as: owner)
            try database.awaitWaiters()
            try transaction.run(loss)
            return waiter
        }
        #expect([waiter.join()].tally() == [expected: 1])
        #expect(try database.ownership(of: team) == "1 owner, named")
        #expect(try database.role(of: owner, in: team) == .owner)
    }

    @Test func `a call on a locked team is 503 busy`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let member = try database.member(of: team, as: .member)
        let input = team.event(on: try database.membership(of: member, in: team))
        var holder = try database.connect()
        try holder.transaction(deadline: .test) { transaction in
            try transaction.run("SELECT FROM nofx.teams WHERE id = \(team.id) FOR UPDATE")
            #expect(database.refusal(of: LeaveTeam.self, team.reference, as: member) == "503 busy")
            #expect(database.refusal(of: TransferOwnership.self, input, as: owner) == "503 busy")
            // A caller who is not a member does not wait for the lock.
            #expect(database.refusal(of: LeaveTeam.self, team.reference, as: .stranger()) == "404 team_not_found")
        }
    }
}

extension TestDatabase {
    /// Calls a function after all clients are connected: `ok`, or the refusal.
    fileprivate func attempt<F: Function>(
        _: F.Type,
        _ input: String,
        as caller: Caller,
        _ barrier: () -> Void
    ) throws -> String {
        var context = try context(for: caller)
        try context.withConnection { _ in }
        barrier()
        do {
            _ = try F.call(input, in: &context)
            return "ok"
        } catch {
            return Refusal(error).description
        }
    }

    /// Expects that a user owns the team or is not a member, and that the team has one owner.
    fileprivate func expect(_ heir: Caller, in team: Team, ownsIt: Bool) throws {
        #expect(try role(of: heir, in: team) == (ownsIt ? .owner : nil))
        #expect(try ownership(of: team) == "1 owner, named")
    }

    /// Returns a team to its first owner, with the heir as a member.
    fileprivate func reset(_ team: Team, to owner: Caller, heir: Caller) throws {
        if try role(of: heir, in: team) == nil {
            try add(heir, to: team, as: .member)
        } else {
            try transfer(team, to: owner)
            try rows("UPDATE nofx.team_members SET role = 'member' WHERE user_id = \(heir.user)")
        }
    }
}
