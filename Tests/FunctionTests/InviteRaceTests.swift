import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import nofx

/// Concurrent calls about the same invites.
@Suite struct InviteRaceTests {
    private let database: TestDatabase
    private let owner = Caller.stranger(email: "owner@example.com")
    private let team: Team

    init() throws {
        database = try TestDatabase()
        team = try database.team(of: owner)
    }

    // Cases: teams 75
    @Test func `32 concurrent invites of one address create one invite`() throws {
        let calls = (0..<32).map { number in
            (caller: owner, input: team.invitation(number.isMultiple(of: 2) ? "ada@example.com" : "Ada@Example.com"))
        }
        #expect(database.race(InviteMember.self, calls).tally() == ["ok": 1, "409 invite_pending": 31])
        #expect(try database.inviteCounts() == [1, 1, 1])
        #expect(try database.activity(of: team.id).map(\.action) == ["team.created", "invite.sent"])
    }

    @Test func `32 concurrent invites create exactly as many as the limit allows`() throws {
        var quotas = Quotas()
        quotas.invites = 7
        let calls = (0..<32).map { (caller: owner, input: team.invitation("a\($0)@example.com")) }
        let outcomes = database.race(InviteMember.self, calls, quotas: quotas)
        // On a busy machine a call may wait for the others for too long.
        let tally = outcomes.tally().filter { $0.key != "503 busy" }
        #expect(tally["ok"] == 7 && Set(tally.keys) == ["ok", "403 quota_exceeded"])
        #expect(try database.inviteCounts() == [7, 7, 7])
    }

    // Cases: teams 91
    @Test func `32 concurrent acceptances of one invite make one member`() throws {
        let invite = try database.invitation("ada@example.com", to: team, by: owner)
        let ada = Caller.stranger(email: "ada@example.com")
        let outcomes = database.race(AcceptInvite.self, Array(repeating: (ada, invite.acceptance), count: 32))
        #expect(outcomes.tally() == ["ok": 32])
        let accepted = try outcomes.map { try $0.get() }
        #expect(accepted.count { !$0.wasMember } == 1)
        #expect(Set(accepted.map(\.member)).count == 1)
        #expect(try database.guests(of: team) == ["member"])
        #expect(try database.activity(of: team.id).count { $0.action == "invite.accepted" } == 1)
    }

    // Cases: teams 92
    @Test func `of an acceptance and a cancellation one wins, in each of 200 rounds`() throws {
        var quotas = Quotas()
        (quotas.members, quotas.invites) = (1_000, 1_000)
        let invites = try (0..<200).map { number in
            let email = "a\(number)@example.com"
            let input = team.invitation(email)
            let invite = try database.call(InviteMember.self, input, as: owner, quotas: quotas)
            return (caller: Caller.stranger(email: email), made: invite, start: ThreadBarrier(for: 2))
        }
        let accepted = TestThread { [database, quotas] in
            Result { () throws -> [String?] in
                // One connection for all rounds keeps both sides as fast as possible.
                var context = try database.context(for: nil, quotas: quotas)
                return invites.map { invite in
                    context.authenticated(as: invite.caller)
                    invite.start.wait()
                    return Self.refusal { _ = try AcceptInvite.call(invite.made.acceptance, in: &context) }
                }
            }
        }
        var context = try database.context(for: owner, quotas: quotas)
        let cancelled = invites.map { invite in
            invite.start.wait()
            return Self.refusal { _ = try CancelInvite.call(team.cancellation(of: invite.made.id), in: &context) }
        }
        for outcome in zip(try accepted.join().get(), cancelled) {
            #expect(outcome == (nil, "409 invite_accepted") || outcome == ("409 invite_cancelled", nil))
        }
        try expectMembersAreThoseWhoAccepted()
        let pending: Int = try database.value("SELECT count(*) FROM nofx.team_invites WHERE status = 'pending'")
        #expect(pending == 0)
    }

    /// The refusal of a call; nil if it succeeds.
    private static func refusal(of body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch {
            return Refusal(error).description
        }
    }

    // Cases: teams 94
    @Test func `of two invited users one gets the last seat`() throws {
        var quotas = Quotas()
        quotas.members = 2
        let first = try database.invitation("a@example.com", to: team, by: owner)
        let second = try database.invitation("b@example.com", to: team, by: owner)
        let calls = [
            (caller: Caller.stranger(email: "a@example.com"), input: first.acceptance),
            (caller: Caller.stranger(email: "b@example.com"), input: second.acceptance),
        ]
        let outcomes = database.race(AcceptInvite.self, calls, quotas: quotas)
        #expect(outcomes.tally() == ["ok": 1, "403 quota_exceeded": 1])
        #expect(try database.guests(of: team) == ["member"])
        try expectMembersAreThoseWhoAccepted()
    }

    // Cases: teams 95
    @Test func `39 concurrent acceptances fill a team of five exactly`() throws {
        var quotas = Quotas()
        quotas.members = 5
        let calls = try (0..<39).map { number in
            let invite = try database.invitation("a\(number)@example.com", to: team, by: owner)
            return (caller: Caller.stranger(email: "a\(number)@example.com"), input: invite.acceptance)
        }
        let outcomes = database.race(AcceptInvite.self, calls, quotas: quotas)
        #expect(outcomes.tally() == ["ok": 4, "403 quota_exceeded": 35])
        #expect(try database.value("SELECT count(*) FROM nofx.team_members", as: Int.self) == 5)
        try expectMembersAreThoseWhoAccepted()
    }

    private func expectMembersAreThoseWhoAccepted() throws {
        #expect(
            try database.value(
                """
                SELECT array_agg(user_id ORDER BY user_id) FILTER (WHERE role <> 'owner')
                       IS NOT DISTINCT FROM (SELECT array_agg(accepted_by ORDER BY accepted_by)
                                             FROM nofx.team_invites WHERE status = 'accepted')
                FROM nofx.team_members
                """
            )
        )
    }
}
