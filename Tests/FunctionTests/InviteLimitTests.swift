import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import nofx

/// The limits on pending invites and on invites per day.
@Suite struct InviteLimitTests {
    private let database: TestDatabase
    private let owner = Caller.stranger(email: "owner@example.com")
    private let team: Team

    init() throws {
        database = try TestDatabase()
        team = try database.team(of: owner)
    }

    private func outcome(_ email: String, _ quotas: Quotas, to other: Team? = nil) -> String {
        let input = (other ?? team).invitation(email)
        return database.refusal(of: InviteMember.self, input, as: owner, quotas: quotas) ?? "ok"
    }

    // Cases: teams 81
    @Test func `a team's pending invites are limited`() throws {
        var quotas = Quotas()
        quotas.invites = 3
        for number in 0..<3 { #expect(outcome("a\(number)@example.com", quotas) == "ok") }
        let problem = #expect(throws: Problem.self) {
            try database.call(InviteMember.self, team.invitation("b@example.com"), as: owner, quotas: quotas)
        }
        #expect(problem?.status == 403)
        #expect(problem?.code == "quota_exceeded")
        #expect(problem?.members == ["quota": "invites"])
        #expect(try database.inviteCounts() == [3, 3, 3])
        // Cancelled and expired invites free their places.
        let id: ID<Invite> = try database.value("SELECT id FROM nofx.team_invites WHERE email = 'a0@example.com'")
        try database.call(CancelInvite.self, team.cancellation(of: id), as: owner)
        #expect(outcome("c@example.com", quotas) == "ok")
        #expect(outcome("d@example.com", quotas) == "403 quota_exceeded")
        try database.outlive("a1@example.com")
        #expect(outcome("d@example.com", quotas) == "ok")
        #expect(outcome("e@example.com", quotas) == "403 quota_exceeded")
    }

    // Cases: teams 81
    @Test func `the default limit is 50 pending invites`() throws {
        for number in 0..<50 { try database.invite("a\(number)@example.com", to: team, by: owner) }
        #expect(outcome("b@example.com", Quotas()) == "403 quota_exceeded")
    }

    @Test func `members and pending invites together are limited by the team's size`() throws {
        var quotas = Quotas()
        quotas.members = 4
        _ = try database.member(of: team, as: .viewer)
        #expect(outcome("a@example.com", quotas) == "ok")
        #expect(outcome("b@example.com", quotas) == "ok")
        let problem = #expect(throws: Problem.self) {
            try database.call(InviteMember.self, team.invitation("c@example.com"), as: owner, quotas: quotas)
        }
        #expect(problem?.code == "quota_exceeded")
        #expect(problem?.members == ["quota": "members"])
        #expect(try database.inviteCounts() == [2, 2, 2])
    }

    // Cases: teams 81
    @Test func `a team's invites per day are limited, and refused calls do not count`() throws {
        var quotas = Quotas()
        quotas.invitations = Rate(3, in: 86_400, burst: 3)
        let member = try database.member(of: team, as: .member)
        #expect(outcome("a@example.com", quotas) == "ok")
        for _ in 0..<5 {
            #expect(outcome("A@example.com", quotas) == "409 invite_pending")
            #expect(outcome("owner@example.com", quotas) == "409 already_member")
            let input = team.invitation("x@example.com")
            #expect(
                database.refusal(of: InviteMember.self, input, as: member, quotas: quotas) == "403 forbidden"
            )
        }
        #expect(outcome("b@example.com", quotas) == "ok")
        #expect(outcome("c@example.com", quotas) == "ok")
        let problem = #expect(throws: Problem.self) {
            try database.call(InviteMember.self, team.invitation("d@example.com"), as: owner, quotas: quotas)
        }
        #expect(problem?.status == 429)
        #expect(problem?.code == "rate_limited")
        #expect((28_000...28_800).contains(problem?.retryAfter ?? 0))
        #expect(try database.inviteCounts() == [3, 3, 3])
        #expect(try database.activity(of: team.id).count == 4)
        // The rate is per team: a cancellation returns nothing, and another team has its own rate.
        let other = try database.team("Other", of: owner)
        #expect(outcome("d@example.com", quotas, to: other) == "ok")
        #expect(try database.value("SELECT count(*) FROM nofx.rate_limits", as: Int.self) == 2)
    }

    @Test func `the invites of one user are limited over all teams`() throws {
        var quotas = Quotas()
        quotas.invitationsByUser = Rate(3, in: 86_400, burst: 3)
        let teams = try (0..<4).map { try database.team("Team \($0)", of: owner) }
        for (number, team) in teams.prefix(3).enumerated() {
            #expect(outcome("a\(number)@example.com", quotas, to: team) == "ok")
            #expect(outcome("a\(number)@example.com", quotas, to: team) == "409 invite_pending")
        }
        let problem = #expect(throws: Problem.self) {
            try database.call(InviteMember.self, teams[3].invitation("b@example.com"), as: owner, quotas: quotas)
        }
        #expect(problem?.code == "rate_limited")
        #expect((28_000...28_800).contains(problem?.retryAfter ?? 0))
        // Another member of the same team has a rate of their own.
        let admin = try database.member(of: teams[3], as: .admin)
        let input = teams[3].invitation("b@example.com")
        #expect(database.refusal(of: InviteMember.self, input, as: admin, quotas: quotas) == nil)
        #expect(try database.inviteCounts() == [4, 4, 4])
    }

    @Test func `the invites to one address are limited over all users, teams and spellings`() throws {
        var quotas = Quotas()
        quotas.invitationsToAddress = Rate(2, in: 86_400, burst: 2)
        let worlds = try (0..<3).map { _ in
            let owner = Caller.stranger()
            return (owner: owner, team: try database.team(of: owner))
        }
        let forms = ["Ada@example.com", "ada@Example.com", "ADA@EXAMPLE.COM"]
        let outcomes = zip(worlds, forms).map { world, form in
            database.refusal(of: InviteMember.self, world.team.invitation(form), as: world.owner, quotas: quotas)
        }
        #expect(outcomes == [nil, nil, "429 rate_limited"])
        // Cancelling gives nothing back, and the limit's row does not tell the address.
        let id: ID<Invite> = try database.value("SELECT id FROM nofx.team_invites LIMIT 1")
        for world in worlds {
            _ = database.refusal(of: CancelInvite.self, world.team.cancellation(of: id), as: world.owner)
        }
        #expect(outcome("ada@example.com", quotas) == "429 rate_limited")
        #expect(outcome("bob@example.com", quotas) == "ok")
        #expect(try database.value("SELECT count(*) FROM nofx.rate_limits WHERE key ILIKE '%ada@%'") == 0)
    }

    @Test func `of 16 concurrent invites to one address from 16 users, as many succeed as the limit allows`() throws {
        var quotas = Quotas()
        quotas.invitationsToAddress = Rate(5, in: 86_400, burst: 5)
        quotas.invitationsByUser = Rate(5, in: 86_400, burst: 5)
        quotas.invitations = Rate(5, in: 86_400, burst: 5)
        let calls = try (0..<16).map { _ in
            let owner = Caller.stranger()
            return (caller: owner, input: try database.team(of: owner).invitation("ada@example.com"))
        }
        let outcomes = database.race(InviteMember.self, calls, quotas: quotas)
        #expect(outcomes.tally() == ["ok": 5, "429 rate_limited": 11])
        #expect(try database.inviteCounts() == [5, 5, 5])
    }

    @Test func `of 16 concurrent invites of one user into 16 teams, as many succeed as the limit allows`() throws {
        var quotas = Quotas()
        quotas.invitationsByUser = Rate(6, in: 86_400, burst: 6)
        let calls = try (0..<16).map { number in
            let team = try database.team("Team \(number)", of: owner)
            return (caller: owner, input: team.invitation("a\(number)@example.com"))
        }
        let outcomes = database.race(InviteMember.self, calls, quotas: quotas)
        #expect(outcomes.tally() == ["ok": 6, "429 rate_limited": 10])
    }

    // Cases: teams 81
    @Test func `the 51st invite of a day is refused, even if all earlier ones were cancelled`() throws {
        var quotas = Quotas()
        quotas.invitations = Rate(50, in: 86_400, burst: 50)
        for number in 0..<50 {
            let input = team.invitation("a\(number)@example.com")
            let invite = try database.call(InviteMember.self, input, as: owner, quotas: quotas)
            try database.call(CancelInvite.self, team.cancellation(of: invite.id), as: owner)
        }
        #expect(outcome("b@example.com", quotas) == "429 rate_limited")
    }
}
