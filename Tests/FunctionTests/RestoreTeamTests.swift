import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import nofx

@Suite struct RestoreTeamTests {
    // Cases: teams 67
    @Test func `the owner restores a team unchanged`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger(email: "ada@example.com")
        let team = try database.team(of: owner)
        let member = try database.member(of: team, as: .member)
        try database.call(DeleteTeam.self, team.reference, as: owner)
        let restored = try database.call(RestoreTeam.self, team.reference, as: owner)
        #expect(restored.id == team.id)
        #expect(restored.name == team.name)
        #expect(restored.slug == team.slug)
        #expect(restored.role == .owner)
        #expect(restored.billingEmail == "ada@example.com")
        #expect(restored.version == 3)
        #expect(try database.call(GetTeam.self, team.reference, as: member).role == .member)
        let actions = try database.activity(of: team.id).map(\.action)
        #expect(actions == ["team.created", "team.deleted", "team.restored"])
    }

    // Cases: teams 67
    @Test func `a slug that was taken meanwhile gets a suffix`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team("Acme", of: owner)
        try database.call(DeleteTeam.self, team.reference, as: owner)
        let other = try database.team("Acme", of: .stranger())
        #expect(other.slug.rawValue == "acme")
        let restored = try database.call(RestoreTeam.self, team.reference, as: owner)
        #expect(restored.slug.rawValue.hasPrefix("acme-"))
        #expect(restored.slug.rawValue.utf8.count == 11)
        #expect(try database.activity(of: team.id).last?.metadata == #"{"slug": "\#(restored.slug.rawValue)"}"#)
    }

    @Test func `a slug of maximum length is shortened for its suffix`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let slug = String(repeating: "a", count: 55) + "-" + String(repeating: "b", count: 7)
        let input = #"{"name":"Acme","slug":"\#(slug)"}"#
        let team = try database.call(CreateTeam.self, input, as: owner)
        try database.call(DeleteTeam.self, team.reference, as: owner)
        try database.call(CreateTeam.self, input, as: .stranger())
        let restored = try database.call(RestoreTeam.self, team.reference, as: owner)
        #expect(restored.slug.rawValue.hasPrefix(String(repeating: "a", count: 55) + "-"))
        #expect(restored.slug.rawValue.utf8.count == 62)
    }

    // Cases: teams 68
    @Test func `a team cannot be restored after 30 days`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        try database.call(DeleteTeam.self, team.reference, as: owner)
        try database.rows("UPDATE nofx.teams SET purge_after = now()")
        #expect(database.refusal(of: RestoreTeam.self, team.reference, as: owner) == "404 team_not_found")
        try database.rows("UPDATE nofx.teams SET purge_after = now() + interval '1 hour'")
        #expect(database.refusal(of: RestoreTeam.self, team.reference, as: owner) == nil)
    }

    // Cases: teams 68
    @Test func `only the owner restores a team, and an active team cannot be restored`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let admin = try database.member(of: team, as: .admin)
        #expect(database.refusal(of: RestoreTeam.self, team.reference, as: owner) == "404 team_not_found")
        try database.call(DeleteTeam.self, team.reference, as: owner)
        for caller in [admin, .stranger()] {
            let denial = #expect(throws: Denial.self) {
                try database.call(RestoreTeam.self, team.reference, as: caller)
            }
            #expect(denial?.problem.status == 404)
            #expect(denial?.problem.code == "team_not_found")
            #expect(denial?.action.name == "team.restore")
        }
    }

    @Test func `a restored team counts towards the quota`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        try database.call(DeleteTeam.self, team.reference, as: owner)
        for number in 0..<20 { _ = try database.team("Team \(number)", of: owner) }
        let before = try database.snapshot(of: team)
        #expect(database.refusal(of: RestoreTeam.self, team.reference, as: owner) == "403 quota_exceeded")
        #expect(try database.snapshot(of: team) == before)
    }

    @Test func `the quota is exact with concurrent restores`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let teams = try (0..<8).map { try database.team("Team \($0)", of: owner) }
        for team in teams { try database.call(DeleteTeam.self, team.reference, as: owner) }
        for number in 0..<15 { _ = try database.team("Other \(number)", of: owner) }
        let outcomes = database.race(RestoreTeam.self, teams.map { (owner, $0.reference) })
        #expect(outcomes.tally() == ["ok": 5, "403 quota_exceeded": 3])
    }

    @Test func `of eight concurrent restores of a team one succeeds`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        try database.call(DeleteTeam.self, team.reference, as: owner)
        let outcomes = database.race(RestoreTeam.self, (0..<8).map { _ in (owner, team.reference) })
        #expect(outcomes.tally() == ["ok": 1, "404 team_not_found": 7])
    }

    @Test func `sixteen deleted teams with one slug are all restored, and one gets the slug`() throws {
        let database = try TestDatabase()
        var calls: [(caller: Caller, input: String)] = []
        for _ in 0..<16 {
            let owner = Caller.stranger()
            let team = try database.team("Acme", of: owner)
            try database.call(DeleteTeam.self, team.reference, as: owner)
            calls.append((owner, team.reference))
        }
        let outcomes = database.race(RestoreTeam.self, calls)
        #expect(outcomes.tally() == ["ok": 16])
        let slugs = try outcomes.map { try $0.get().slug.rawValue }
        #expect(slugs.count { $0 == "acme" } == 1)
        #expect(Set(slugs).count == 16)
    }

    // Cases: teams 69
    @Test func `invites that ended with the team stay cancelled`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        try database.invite("a@example.com", to: team, by: owner)
        try database.call(DeleteTeam.self, team.reference, as: owner)
        try database.call(RestoreTeam.self, team.reference, as: owner)
        #expect(try database.value("SELECT status FROM nofx.team_invites") == "cancelled")
    }
}
