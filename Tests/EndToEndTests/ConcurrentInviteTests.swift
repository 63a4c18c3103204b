import Base
import Postgres
import TestSupport
import Testing

/// Concurrent processes that work on the same invites.
struct ConcurrentInviteTests {
    private let database: TestDatabase
    private let owner = TestDatabase.newSubject()
    private let team: String

    init() throws {
        database = try TestDatabase()
        team = try database.makeTeam(as: owner)
    }

    // Cases: teams 91
    @Test func `32 processes that accept one token make one member and one accepted invite`() throws {
        let invite = try database.invite("ada@example.com", to: team, by: owner)
        let ada = TestDatabase.newSubject()
        let function = try database.function("acceptInvite", as: ada, email: "ada@example.com")
        let outcomes = try race(Array(repeating: (function, invite.acceptance), count: 32))

        #expect(outcomes.allSatisfy { $0.status == 0 }, "\(outcomes.map(\.output))")
        #expect(try outcomes.count { try $0.json()["alreadyMember"]?.bool == false } == 1)
        #expect(Set(try outcomes.map { try $0.json()["memberId"]?.string }).count == 1)
        #expect(try database.value("SELECT count(*) FROM nofx.team_members", as: Int.self) == 2)
        #expect(
            try database.value("SELECT count(*) FROM nofx.team_activity WHERE action = 'invite.accepted'", as: Int.self)
                == 1
        )
    }

    // Cases: teams 91
    @Test func `32 users that accept one token make one member`() throws {
        let invite = try database.invite("ada@example.com", to: team, by: owner)
        let outcomes = try race(
            (0..<32).map { number in
                let email = number.isMultiple(of: 2) ? "ada@example.com" : "eve\(number)@example.com"
                return (
                    try database.function("acceptInvite", as: TestDatabase.newSubject(), email: email),
                    invite.acceptance
                )
            }
        )
        let codes = try outcomes.map { try $0.json()["code"]?.string ?? "ok" }
        #expect(codes.count { $0 == "ok" } == 1)
        #expect(codes.count { $0 == "invite_used" } == 15)
        #expect(codes.count { $0 == "invite_email_mismatch" } == 16)
        #expect(try database.value("SELECT count(*) FROM nofx.team_members", as: Int.self) == 2)
    }

    // Cases: teams 92
    @Test func `of an acceptance and a cancellation at the same time one wins, for each of 20 invites`() throws {
        let guests = try (0..<20).map { number in
            let email = "a\(number)@example.com"
            return (email: email, invite: try database.invite(email, to: team, by: owner))
        }
        let outcomes = try race(
            guests.flatMap { guest in
                let accepts = try database.function("acceptInvite", as: TestDatabase.newSubject(), email: guest.email)
                let cancels = try database.function("cancelInvite", as: owner)
                return [
                    (accepts, guest.invite.acceptance),
                    (cancels, #"{"teamId":"\#(team)","inviteId":"\#(guest.invite.id)"}"#),
                ]
            }
        )
        for round in 0..<20 {
            let codes = try outcomes[2 * round...2 * round + 1].map { try $0.json()["code"]?.string ?? "ok" }
            #expect(codes == ["ok", "invite_accepted"] || codes == ["invite_cancelled", "ok"])
        }
        #expect(try database.membersAreThoseWhoAccepted())
    }

    // Cases: teams 95
    @Test func `39 concurrent acceptances fill a team of five exactly`() throws {
        let calls = try (0..<39).map { number in
            let email = "a\(number)@example.com"
            let invite = try database.invite(email, to: team, by: owner)
            let function = try database.function(
                "acceptInvite",
                as: TestDatabase.newSubject(),
                email: email,
                environment: ["NOFX_MAX_MEMBERS": "5"]
            )
            return (function, invite.acceptance)
        }
        let outcomes = try race(calls)
        let refused = outcomes.filter { $0.status != 0 }
        #expect(refused.count == 35)
        for outcome in refused { try expectProblem(outcome, 403, "quota_exceeded", exit: 77) }
        #expect(try database.value("SELECT count(*) FROM nofx.team_members", as: Int.self) == 5)
        #expect(try database.membersAreThoseWhoAccepted())
    }

    // Cases: teams 75
    @Test func `32 concurrent invites of one address make one invite`() throws {
        let function = try database.function("inviteMember", as: owner)
        let outcomes = try race(
            Array(repeating: (function, #"{"teamId":"\#(team)","email":"ada@example.com"}"#), count: 32)
        )
        let refused = outcomes.filter { $0.status != 0 }
        #expect(refused.count == 31)
        for outcome in refused { try expectProblem(outcome, 409, "invite_pending", exit: 73) }
        #expect(try database.value("SELECT count(*) FROM nofx.team_invites", as: Int.self) == 1)
        #expect(try database.value("SELECT count(*) FROM nofx.queue WHERE topic = 'mail'", as: Int.self) == 1)
    }

    /// Starts processes and gives all of them their input at the same time.
    private func race(_ calls: [(function: TestFunction, input: String)]) throws -> [Subprocess.Outcome] {
        try runConcurrently(calls.count) { number, barrier in
            let process = try calls[number].function.start()
            barrier()
            return process.finish(Array(calls[number].input.utf8))
        }
    }
}
