import Base
import Postgres
import TestSupport
import Testing

/// Repeated calls, as real processes.
struct IdempotencyTests {
    private let input = #"{"name":"Acme"}"#

    // Cases: teams 26
    @Test func `a repeated call with the same key gets the same answer and is executed once`() throws {
        let database = try TestDatabase()
        let headers = ["authorization": "Bearer \(Tokens.signed())", "idempotency-key": "a-1"]
        let answers = try (0..<3).map { _ in
            try database.function("createTeam").run(Events.v2(input, headers: headers)).json()
        }

        #expect(answers.allSatisfy { $0["statusCode"]?.integer == 201 })
        #expect(Set(answers.map { $0["body"]?.string }).count == 1)
        #expect(answers.map { $0["headers"]?["idempotency-replayed"]?.string } == [nil, "true", "true"])
        #expect(Set(answers.map { $0["headers"]?["x-request-id"]?.string }).count == 1)
        #expect(try teams(database) == 1)
        #expect(try database.value("SELECT count(*) FROM nofx.team_activity", as: Int.self) == 1)
    }

    // Cases: teams 26
    @Test func `the key may be in the envelope, and the alias works like the name`() throws {
        let database = try TestDatabase()
        let bearer = "Bearer \(Tokens.signed())"
        let events = [
            #"{"headers":{"Authorization":"\#(bearer)"},"idempotencyKey":"k","body":\#(input)}"#,
            Events.envelope(input, headers: ["authorization": bearer, "Idempotency-Key": "k"]),
            Events.envelope(input, headers: ["authorization": bearer, "x-idempotency-key": "k"]),
            Events.envelope(input, headers: ["authorization": bearer, "idempotency-key": #""k""#]),
        ]
        let bodies = try events.map { try database.function("createTeam").run($0).output }
        #expect(Set(bodies).count == 1)
        #expect(try teams(database) == 1)
    }

    // Cases: teams 37
    @Test func `member order and white space do not change the request`() throws {
        let database = try TestDatabase()
        let first = try call(database, #"{"name":"Acme","slug":"acme"}"#, key: "k")
        let second = try call(database, #"{ "slug" : "acme", "name":"\u0041cme" }"#, key: "k")
        #expect(first.status == 0 && first.output == second.output)
        #expect(try teams(database) == 1)
    }

    // Cases: teams 27
    @Test func `the same key with another input is rejected and changes nothing`() throws {
        let database = try TestDatabase()
        _ = try call(database, input, key: "k")
        try expectProblem(try call(database, #"{"name":"Zenith"}"#, key: "k"), 422, "idempotency_mismatch", exit: 65)
        #expect(try teams(database) == 1)
    }

    // Cases: teams 32, 34
    @Test func `the same key is independent for other users and endpoints`() throws {
        let database = try TestDatabase()
        let subject = TestDatabase.newSubject()
        let mine = try call(database, input, key: "k", as: subject)
        let theirs = try call(database, input, key: "k", as: TestDatabase.newSubject())
        #expect(mine.status == 0 && theirs.status == 0 && mine.output != theirs.output)
        let team = try #require(try mine.json()["id"]?.string)
        let update = #"{"teamId":"\#(team)","name":"Zenith"}"#
        #expect(try call(database, update, key: "k", as: subject, function: "updateTeam").status == 0)
        #expect(try teams(database) == 2)
    }

    // Cases: teams 33
    @Test func `a known key without a credential is rejected`() throws {
        let database = try TestDatabase()
        _ = try call(database, input, key: "k")
        let outcome = try database.function("createTeam").run(#"{"idempotencyKey":"k","body":\#(input)}"#)
        try expectProblem(outcome, 401, "unauthenticated", exit: 77)
    }

    // Cases: teams 36
    @Test(arguments: ["", " ", "a b", "\u{e9}", "a\\nb", "\\u0000", String(repeating: "k", count: 256), #"\"\""#])
    func `an invalid key is rejected before the call is executed`(key: String) throws {
        let database = try TestDatabase.untouched()
        let token = Tokens.signed()
        let event = #"{"headers":{"authorization":"Bearer \#(token)"},"idempotencyKey":"\#(key)","body":\#(input)}"#
        let outcome = try database.function("createTeam").run(event)
        let code = key == "\\u0000" ? "malformed_json" : "invalid_idempotency_key"
        try expectProblem(outcome, 400, code, exit: 65)
        #expect(try database.rowCount() == 0)
    }

    // Cases: teams 36
    @Test func `two keys for one call are rejected`() throws {
        let database = try TestDatabase.untouched()
        let bearer = "Bearer \(Tokens.signed())"
        for event in [
            #"{"headers":{"authorization":"\#(bearer)","idempotency-key":"a"},"idempotencyKey":"a","body":\#(input)}"#,
            #"{"headers":{"authorization":"\#(bearer)"},"idempotencyKey":7,"body":\#(input)}"#,
            Events.envelope(
                input,
                headers: ["authorization": bearer, "idempotency-key": "a", "x-idempotency-key": "b"]
            ),
        ] {
            try expectProblem(try database.function("createTeam").run(event), 400, "invalid_idempotency_key", exit: 65)
        }
        #expect(try database.rowCount() == 0)
    }

    // Cases: teams 31
    @Test func `a rejected call is not stored`() throws {
        let database = try TestDatabase()
        let subject = TestDatabase.newSubject()
        _ = try call(database, #"{"name":"First"}"#, key: nil, as: subject)
        let wrong = try call(database, #"{"name":"A"}"#, key: "k", as: subject)
        try expectProblem(wrong, 422, "validation_failed", exit: 65)
        let full = try call(database, input, key: "k", as: subject, environment: ["NOFX_MAX_TEAMS": "1"])
        try expectProblem(full, 403, "quota_exceeded", exit: 77)
        #expect(try database.value("SELECT count(*) FROM nofx.idempotency_keys", as: Int.self) == 0)
        #expect(try call(database, input, key: "k", as: subject).status == 0)
        #expect(try teams(database) == 2)
    }

    // Cases: teams 35
    @Test func `an expired key can be used again and protects again`() throws {
        let database = try TestDatabase()
        func isKeptForADay() throws -> Bool {
            try database.value(
                """
                SELECT expires_at - t.created_at = interval '24 hours'
                FROM nofx.idempotency_keys, (SELECT created_at FROM nofx.teams ORDER BY id DESC LIMIT 1) AS t
                """
            )
        }

        let first = try call(database, input, key: "k")
        #expect(try isKeptForADay())
        try database.rows("UPDATE nofx.idempotency_keys SET expires_at = now()")
        let second = try call(database, #"{"name":"Zenith"}"#, key: "k")
        let third = try call(database, #"{"name":"Zenith"}"#, key: "k")
        #expect(try isKeptForADay())
        #expect(first.status == 0 && second.status == 0)
        #expect(first.output != second.output && second.output == third.output)
        #expect(try teams(database) == 2)
    }

    // Cases: teams 38
    @Test func `a former member cannot replay a stored response`() throws {
        let database = try TestDatabase()
        let (owner, member) = (TestDatabase.newSubject(), TestDatabase.newSubject())
        let team = try database.makeTeam(as: owner)
        try database.add(member, to: team, as: "member")
        let update = #"{"teamId":"\#(team)","name":"Zenith"}"#
        let first = try call(database, update, key: "k", as: member, function: "updateTeam")
        let again = try call(database, update, key: "k", as: member, function: "updateTeam")
        #expect(first.status == 0 && first.output == again.output)
        try database.rows("DELETE FROM nofx.team_members WHERE user_id::text = \(member)")
        let gone = try call(database, update, key: "k", as: member, function: "updateTeam")
        try expectProblem(gone, 404, "team_not_found", exit: 66)
    }

    // Cases: teams 28
    @Test func `a call gets 409 while its key is in use, and is executed after the first call fails`() throws {
        let database = try TestDatabase()
        let subject = Tokens.subject
        _ = try call(database, #"{"name":"First"}"#, key: nil, as: subject)
        var connection = try database.connect()
        // Rolled back at the end, as if the process had died.
        #expect(throws: Undone.self) {
            try connection.transaction(deadline: .test) { transaction in
                try transaction.run("SELECT set_config('nofx.user_id', \(subject), true)")
                try transaction.run("SELECT nofx.begin_once('createTeam', 'k', '{\"name\": \"Acme\"}', NULL)")
                let outcome = try call(database, input, key: "k", as: subject)
                try expectProblem(outcome, 409, "idempotency_in_flight", exit: 73)
                #expect(try outcome.json()["retryAfter"]?.integer == 1)
                throw Undone()
            }
        }
        #expect(try call(database, input, key: "k", as: subject).status == 0)
        #expect(try teams(database) == 2)
    }

    // Cases: teams 28
    @Test func `a call gets 409 while its key is in use, and then the response of the first call`() throws {
        let database = try TestDatabase()
        let subject = Tokens.subject
        _ = try call(database, #"{"name":"First"}"#, key: nil, as: subject)
        var connection = try database.connect()
        try connection.transaction(deadline: .test) { transaction in
            try transaction.run("SELECT set_config('nofx.user_id', \(subject), true)")
            try transaction.run("SELECT nofx.begin_once('createTeam', 'k', '{\"name\": \"Acme\"}', NULL)")
            try expectProblem(try call(database, input, key: "k", as: subject), 409, "idempotency_in_flight", exit: 73)
            try transaction.run("UPDATE nofx.idempotency_keys SET answer = '{\"id\":\"the twin''s\"}'")
        }
        let answer = try call(database, input, key: "k", as: subject)
        #expect(answer.status == 0)
        #expect(answer.output == #"{"id":"the twin's"}"# + "\n")
        #expect(try teams(database) == 1)
    }

    // Cases: teams 39
    @Test func `a call that failed with a transient error is executed when it is repeated`() throws {
        let database = try TestDatabase()
        let subject = TestDatabase.newSubject()
        let one = ["NOFX_WRITES_PER_MINUTE": "1", "NOFX_WRITE_BURST": "1"]
        _ = try call(database, #"{"name":"First"}"#, key: nil, as: subject, environment: one)
        let limited = try call(database, input, key: "k", as: subject, environment: one)
        try expectProblem(limited, 429, "rate_limited", exit: 75)
        try database.rows("CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'broken'; END $$")
        try database.rows("CREATE TRIGGER fail BEFORE INSERT ON nofx.teams FOR EACH ROW EXECUTE FUNCTION fail()")
        try expectProblem(try call(database, input, key: "k", as: subject), 500, "internal", exit: 70)
        try database.rows("DROP TRIGGER fail ON nofx.teams")
        var connection = try database.connect()
        try connection.transaction(deadline: .test) { transaction in
            try transaction.run("SELECT FROM nofx.users FOR NO KEY UPDATE")
            try expectProblem(try call(database, input, key: "k", as: subject), 503, "busy", exit: 75)
        }
        #expect(try database.value("SELECT count(*) FROM nofx.idempotency_keys", as: Int.self) == 0)

        let done = try call(database, input, key: "k", as: subject)
        #expect(done.status == 0)
        #expect(try call(database, input, key: "k", as: subject).output == done.output)
        #expect(try teams(database) == 2)
    }

    // Cases: teams 30
    @Test func `a process that dies during a call releases its key`() throws {
        let database = try TestDatabase()
        let subject = TestDatabase.newSubject()
        _ = try call(database, #"{"name":"First"}"#, key: nil, as: subject)
        var connection = try database.connect()
        try connection.transaction(deadline: .test) { transaction in
            try transaction.run("SELECT FROM nofx.users WHERE id::text = \(subject) FOR UPDATE")
            let event = try envelope(input, key: "k", as: subject)
            let thread = TestThread {
                Result {
                    try database.function("createTeam").start()
                        .finish(Array(event.utf8), killedAt: .after(.milliseconds(1_500)))
                }
            }
            try database.awaitWaiters()
            #expect(try thread.join().get().status == 128 + 9)
        }
        try Poll.until { try database.functionSessions() == 0 }
        #expect(try teams(database) == 1)
        #expect(try database.value("SELECT count(*) FROM nofx.idempotency_keys", as: Int.self) == 0)
        #expect(try call(database, input, key: "k", as: subject).status == 0)
        #expect(try teams(database) == 2)
    }

    // Cases: teams 29
    @Test func `of 640 calls with one key, 32 at a time, one creates a team`() throws {
        let database = try TestDatabase()
        let subject = TestDatabase.newSubject()
        let outcomes = try runConcurrently(32) { _, barrier in
            barrier()
            return try (0..<20).map { _ in try call(database, input, key: "k", as: subject) }
        }.flatMap(\.self)
        let refused = outcomes.filter { $0.status != 0 }
        for outcome in refused { try expectProblem(outcome, 409, "idempotency_in_flight", exit: 73) }
        #expect(Set(outcomes.filter { $0.status == 0 }.map(\.output)).count == 1)
        #expect(try teams(database) == 1)
        #expect(try database.value("SELECT count(*) FROM nofx.idempotency_keys", as: Int.self) == 1)
    }

    private struct Undone: Error {}

    // MARK: - Calls

    private func call(
        _ database: TestDatabase,
        _ input: String,
        key: String?,
        as subject: String = Tokens.subject,
        function: String = "createTeam",
        environment: [String: String] = [:]
    ) throws -> Subprocess.Outcome {
        try database.function(function, environment: environment).run(envelope(input, key: key, as: subject))
    }

    private func envelope(_ input: String, key: String?, as subject: String) throws -> String {
        let key = key.map { "\"\($0)\"" } ?? "null"
        let token = try TestFunction.token(for: subject)
        return #"{"headers":{"authorization":"Bearer \#(token)"},"idempotencyKey":\#(key),"body":\#(input)}"#
    }

    private func teams(_ database: TestDatabase) throws -> Int {
        try database.value("SELECT count(*) FROM nofx.teams")
    }
}
