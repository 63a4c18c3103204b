import Base
import Postgres
import TestSupport
import Testing

/// Runs that are started repeatedly, as real processes.
struct StartRunRaceTests {
    // Cases: queue 69
    @Test func `32 concurrent processes with one key start one run`() throws {
        let scene = try Scene()
        let answers = try runConcurrently(32) { _, barrier in
            let process = try scene.function().start()
            barrier()
            return process.finish(Array(scene.event(key: "k").utf8))
        }
        // A process that waits for another longer than two seconds gets 409. Its next call then gets the stored
        // response.
        for answer in answers where answer.status != 0 {
            try expectProblem(answer, 409, "idempotency_in_flight", exit: 73)
        }
        let again = try scene.start(key: "k")
        #expect(Set(answers.filter { $0.status == 0 }.map(\.output) + [again.output]).count == 1)
        try scene.expectOneRun(answeredWith: again)
    }

    // Cases: queue 69, 96
    @Test func `32 processes with one key start one run through a pooler with fewer connections`() throws {
        let scene = try Scene()
        let outputs = try scene.database.withPooler(servers: 8) { url in
            try runConcurrently(32) { _, barrier in
                let function = TestFunction("startRun", database: url, environment: ["NOFX_TIMEOUT_MS": "120000"])
                let process = try function.start()
                barrier()
                return process.finish(Array(scene.event(key: "k").utf8))
            }
        }
        for answer in outputs where answer.status != 0 {
            try expectProblem(answer, 409, "idempotency_in_flight", exit: 73)
        }
        let again = try scene.start(key: "k")
        #expect(Set(outputs.filter { $0.status == 0 }.map(\.output) + [again.output]).count == 1)
        try scene.expectOneRun(answeredWith: again)
    }

    @Test func `32 processes without a key start 32 runs`() throws {
        let scene = try Scene()
        let answers = try runConcurrently(32) { _, barrier in
            let process = try scene.function().start()
            barrier()
            return process.finish(Array(scene.event(key: nil).utf8))
        }
        #expect(answers.allSatisfy { $0.status == 0 }, "\(answers.filter { $0.status != 0 })")
        #expect(Set(try answers.map { try $0.json()["runId"]?.string }).count == 32)
        #expect(try scene.database.value("SELECT count(*) FROM nofx.runs", as: Int.self) == 32)
        #expect(
            try scene.database.value(
                """
                SELECT count(*) FROM nofx.runs r
                WHERE event_seq = 3 AND (SELECT array_agg(seq ORDER BY seq) FROM nofx.events e WHERE e.run_id = r.id)
                                        = '{1,2,3}'
                """,
                as: Int.self
            ) == 32
        )
    }

    // Cases: queue 73
    @Test func `a process that dies before its commit leaves nothing, and a repeated call starts one run`() throws {
        let scene = try Scene()
        var connection = try scene.database.connect()
        try connection.transaction(deadline: .test) { transaction in
            // The event is written after the run and its steps.
            try transaction.run("LOCK TABLE nofx.events")
            let thread = TestThread {
                Result {
                    try scene.function().start()
                        .finish(Array(scene.event(key: "k").utf8), killedAt: .after(.milliseconds(1_500)))
                }
            }
            try scene.database.awaitWaiters()
            #expect(try thread.join().get().status == 128 + 9)
        }
        try Poll.until { try scene.database.functionSessions() == 0 }
        #expect(try scene.database.value("SELECT count(*) FROM nofx.runs", as: Int.self) == 0)
        #expect(try scene.database.value("SELECT count(*) FROM nofx.queue", as: Int.self) == 0)
        let answer = try scene.start(key: "k")
        #expect(try scene.start(key: "k").output == answer.output)
        try scene.expectOneRun(answeredWith: answer)
    }

    // Cases: queue 70
    @Test func `the same key with another plan is rejected`() throws {
        let scene = try Scene()
        let answer = try scene.start(key: "k")
        let other = try scene.start(key: "k", plan: scene.plan.replacing("Race", with: "Another"))
        try expectProblem(other, 422, "idempotency_mismatch", exit: 65)
        try scene.expectOneRun(answeredWith: answer)
    }

    // Cases: queue 71
    @Test func `the same key of another team's member starts another run`() throws {
        let scene = try Scene()
        let answer = try scene.start(key: "k")
        let stranger = TestDatabase.newSubject()
        let other = try scene.database.makeTeam("Other", as: stranger)
        let event = scene.event(key: "k", token: try TestFunction.token(for: stranger), team: other)
        let theirs = try scene.function().run(event)
        #expect(theirs.status == 0 && theirs.output != answer.output)
        #expect(try scene.database.value("SELECT count(DISTINCT team_id) FROM nofx.runs", as: Int.self) == 2)
    }

    // Cases: queue 72
    @Test(arguments: ["a b", "\u{e9}", String(repeating: "k", count: 256)])
    func `an invalid key is rejected and starts no run`(key: String) throws {
        let scene = try Scene()
        try expectProblem(try scene.start(key: key), 400, "invalid_idempotency_key", exit: 65)
        #expect(try scene.database.value("SELECT count(*) FROM nofx.runs", as: Int.self) == 0)
    }

    @Test func `a team at its limit of queued steps gets Retry-After, also over the web`() throws {
        let scene = try Scene()
        #expect(try scene.start(key: nil).status == 0)
        let full = try scene.function(["NOFX_MAX_QUEUED_STEPS_PER_TEAM": "2"])
        let direct = try full.run(scene.event(key: nil))
        try expectProblem(direct, 429, "queue_full", exit: 75)
        #expect(try direct.json()["retryAfter"]?.integer == 10)
        let body = #"{"teamId":"\#(scene.team)","plan":\#(scene.plan)}"#
        let answer = try full.run(Events.v2(body, headers: ["authorization": "Bearer \(scene.token)"])).json()
        #expect(answer["statusCode"]?.integer == 429)
        #expect(answer["headers"]?["retry-after"]?.string == "10")
        #expect(try scene.database.value("SELECT count(*) FROM nofx.runs", as: Int.self) == 1)
    }

    @Test func `an input that is too long or has too many steps is rejected`() throws {
        let scene = try Scene()
        let long = scene.plan.replacing("{}", with: #"{"t":"\#(String(repeating: "a", count: 5 << 20))"}"#)
        try expectProblem(try scene.start(key: nil, plan: long), 413, "payload_too_large", exit: 65)
        let steps = [String](repeating: #"{"name":"a","tool":"test:echo"}"#, count: 10_001).joined(separator: ",")
        let many = try scene.start(key: nil, plan: #"{"goal":"g","steps":[\#(steps)]}"#)
        try expectProblem(many, 422, "validation_failed", exit: 65)
        #expect(many.output.contains(#""field":"plan.steps","code":"too_many""#))
        #expect(try scene.database.value("SELECT count(*) FROM nofx.runs", as: Int.self) == 0)
    }
}

/// A team with a member who starts a plan.
private struct Scene {
    let database: TestDatabase
    let team: String
    let token: String
    let plan = """
        {"goal":"Race","steps":[{"name":"a","tool":"test:echo","inputs":{}},{"name":"b","tool":"test:echo"},
                                {"name":"c","tool":"test:echo","dependsOn":["a","b"]}]}
        """

    init() throws {
        database = try TestDatabase()
        let subject = TestDatabase.newSubject()
        team = try database.makeTeam(as: subject)
        token = try TestFunction.token(for: subject)
    }

    func function(_ environment: [String: String] = [:]) throws -> TestFunction {
        try database.function("startRun", environment: environment)
    }

    func start(key: String?, plan: String? = nil) throws -> Subprocess.Outcome {
        try function().run(event(key: key, plan: plan))
    }

    func event(key: String?, plan: String? = nil, token: String? = nil, team: String? = nil) -> String {
        let key = key.map { "\"\($0)\"" } ?? "null"
        return """
            {"headers":{"authorization":"Bearer \(token ?? self.token)"},"idempotencyKey":\(key),
             "body":{"teamId":"\(team ?? self.team)","plan":\(plan ?? self.plan)}}
            """
    }

    /// Expects exactly one run with all its rows, namely the run of the answer.
    func expectOneRun(
        answeredWith outcome: Subprocess.Outcome,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let id = try outcome.json()["runId"]?.string
        #expect(
            try database.value("SELECT array_agg(id::text) FROM nofx.runs") == [id ?? ""],
            sourceLocation: sourceLocation
        )
        #expect(
            try database.value(
                """
                SELECT concat_ws(' ', (SELECT count(*) FROM nofx.steps),
                                 (SELECT string_agg(seq || type, ',' ORDER BY seq) FROM nofx.events),
                                 (SELECT count(*) FROM nofx.queue))
                """
            ) == "3 1run.created,2step.queued,3step.queued 2",
            sourceLocation: sourceLocation
        )
    }
}
