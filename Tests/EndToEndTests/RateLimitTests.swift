import Base
import Postgres
import TestSupport
import Testing

/// The rate limit of a user, counted over all processes.
struct RateLimitTests {
    private let input = #"{"name":"Acme"}"#
    private let limits = ["NOFX_WRITES_PER_MINUTE": "1", "NOFX_WRITE_BURST": "5"]

    // Cases: teams 152
    @Test func `of 32 concurrent processes the limit admits its number, and the others get Retry-After`() throws {
        let database = try TestDatabase()
        let subject = TestDatabase.newSubject()
        let outcomes = try runConcurrently(32) { _, barrier in
            let process = try database.function("createTeam", as: subject, environment: limits).start()
            barrier()
            return process.finish(Array(input.utf8))
        }
        let refused = outcomes.filter { $0.status != 0 }

        #expect(refused.count == 27)
        for outcome in refused {
            try expectProblem(outcome, 429, "rate_limited", exit: 75)
            #expect((1...60).contains(try outcome.json()["retryAfter"]?.integer ?? 0))
        }
        #expect(try database.value("SELECT count(*) FROM nofx.teams", as: Int.self) == 5)
    }

    // Cases: teams 153
    @Test func `an answer has the remaining calls of the rate limit`() throws {
        let database = try TestDatabase()
        let headers = ["authorization": "Bearer \(Tokens.signed())"]
        let answers = try (0..<6).map { number in
            // A caller can forge the forwarded address.
            let headers = headers.merging(["x-forwarded-for": "198.51.100.\(number)"]) { $1 }
            return try database.function("createTeam", environment: limits)
                .run(Events.v2(input, headers: headers)).json()
        }
        let limit = answers.map { $0["headers"]?["ratelimit-limit"]?.string }
        let remaining = answers.map { $0["headers"]?["ratelimit-remaining"]?.string }
        let reset = try answers.map { try #require($0["headers"]?["ratelimit-reset"]?.string.flatMap { Int($0) }) }

        #expect(answers.map { $0["statusCode"]?.integer } == [201, 201, 201, 201, 201, 429])
        #expect(limit == Array(repeating: "5", count: 6))
        #expect(remaining == ["4", "3", "2", "1", "0", "0"])
        #expect(reset.allSatisfy { (1...300).contains($0) } && reset[0] < reset[4])
        #expect(answers[5]["headers"]?["retry-after"]?.string == "\(reset[5])")
    }

    @Test func `a rate limit is per user, and reads do not count as writes`() throws {
        let database = try TestDatabase()
        let (first, second) = (TestDatabase.newSubject(), TestDatabase.newSubject())
        let one = ["NOFX_WRITES_PER_MINUTE": "1", "NOFX_WRITE_BURST": "1"]
        #expect(try database.function("createTeam", as: first, environment: one).run(input).status == 0)
        #expect(try database.function("createTeam", as: first, environment: one).run(input).status == 75)
        #expect(try database.function("listTeams", as: first, environment: one).run("{}").status == 0)
        #expect(try database.function("createTeam", as: second, environment: one).run(input).status == 0)
    }

    @Test func `reads have their own rate limit if an operator sets one`() throws {
        let database = try TestDatabase()
        let subject = TestDatabase.newSubject()
        let reads = ["NOFX_READS_PER_MINUTE": "1", "NOFX_READ_BURST": "2"]
        let outcomes = try (0..<3).map { _ in
            try database.function("listTeams", as: subject, environment: reads).run("{}")
        }
        #expect(outcomes.map(\.status) == [0, 0, 75])
        #expect(try database.function("createTeam", as: subject, environment: reads).run(input).status == 0)
    }

    @Test func `a denied call counts, and an invalid input does not`() throws {
        let database = try TestDatabase()
        let (owner, stranger) = (TestDatabase.newSubject(), TestDatabase.newSubject())
        let team = try database.makeTeam(as: owner)
        let two = ["NOFX_WRITES_PER_MINUTE": "1", "NOFX_WRITE_BURST": "2"]
        let attempts = try (0..<3).map { _ in
            try database.function("updateTeam", as: stranger, environment: two)
                .run(#"{"teamId":"\#(team)","name":"Mine"}"#)
        }
        #expect(attempts.map(\.status) == [66, 66, 75])
        for _ in 0..<3 {
            #expect(try database.function("createTeam", as: owner, environment: two).run("{}").status == 65)
        }
        #expect(try database.function("createTeam", as: owner, environment: two).run(input).status == 0)
    }

    @Test func `a denied call with an idempotency key counts too`() throws {
        let database = try TestDatabase()
        let team = try database.makeTeam(as: TestDatabase.newSubject())
        let bearer = "Bearer \(Tokens.signed())"
        let two = ["NOFX_WRITES_PER_MINUTE": "1", "NOFX_WRITE_BURST": "2"]
        let attempts = try (0..<3).map { number in
            let headers = ["authorization": bearer, "idempotency-key": "\(number)"]
            return try database.function("updateTeam", environment: two)
                .run(Events.envelope(#"{"teamId":"\#(team)","name":"Mine"}"#, headers: headers))
        }
        #expect(attempts.map(\.status) == [66, 66, 75])
        #expect(try database.value("SELECT count(*) FROM nofx.idempotency_keys", as: Int.self) == 0)
    }

    @Test func `used capacity returns with time`() throws {
        let database = try TestDatabase()
        let subject = TestDatabase.newSubject()
        let one = ["NOFX_WRITES_PER_MINUTE": "1", "NOFX_WRITE_BURST": "1"]
        #expect(try database.function("createTeam", as: subject, environment: one).run(input).status == 0)
        #expect(try database.function("createTeam", as: subject, environment: one).run(input).status == 75)
        try database.rows("UPDATE nofx.rate_limits SET tat = tat - interval '60 seconds'")
        #expect(try database.function("createTeam", as: subject, environment: one).run(input).status == 0)
    }
}
