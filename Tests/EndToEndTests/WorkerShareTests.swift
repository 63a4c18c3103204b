import Base
import Glibc
import Postgres
import TestSupport
import Testing

/// What one team's steps do to those of others, and what a worker leaves to others.
@Suite struct WorkerShareTests {
    private let database: TestDatabase
    private let team: WorkingTeam

    init() throws {
        database = try TestDatabase()
        team = try database.makeWorkingTeam()
    }

    /// Runs endless workers while the body waits for what they do.
    private func withWorkers(
        _ count: Int = 1,
        _ environment: [String: String] = [:],
        _ body: () throws -> Void
    ) throws {
        let outcomes = try withWorker(left: count, environment, body)
        for outcome in outcomes { #expect(outcome.status == 128 + SIGKILL) }
    }

    private func withWorker(
        left: Int,
        _ environment: [String: String],
        _ body: () throws -> Void
    ) throws -> [Subprocess.Outcome] {
        guard left > 0 else {
            try body()
            return []
        }
        let process = try database.startWorker(environment)
        let id = process.processID
        defer { kill(id, SIGKILL) }
        let others = try withWorker(left: left - 1, environment, body)
        kill(id, SIGKILL)
        return others + [process.finish()]
    }

    /// Waits until a run has succeeded, at most a time that its own work explains.
    private func expectSoon(_ run: UUID, within limit: Duration = .seconds(20)) throws {
        let deadline = Deadline.after(limit)
        try Poll.until { try database.status(of: run) == "succeeded" || deadline.hasPassed }
        #expect(try database.status(of: run) == "succeeded")
    }

    @Test(arguments: [1, 2])
    func `long steps of one team leave a thread to a step of another team`(workers: Int) throws {
        try database.startRun(
            (0..<20).map { TestStep("\($0)", inputs: #"{"delaySeconds":3000}"#, timeout: .seconds(3_600)) },
            of: team
        )
        try withWorkers(workers) {
            try database.awaitStarted(3 * workers)
            let other = try database.makeWorkingTeam()
            for _ in 0..<3 {
                try expectSoon(try database.startRun([TestStep("a"), TestStep("b", after: ["a"])], of: other))
            }
            // They use their share, and no more.
            #expect(
                try database.value(
                    "SELECT count(*) FROM nofx.events e WHERE type = 'step.started' AND team_id = \(team.id)"
                ) == 3 * workers
            )
        }
    }

    @Test(arguments: [#"{"delaySeconds":0.3}"#, "{}"])
    func `many or slow steps of one team do not delay a step of another team`(inputs: String) throws {
        try database.startRun((0..<900).map { TestStep("\($0)", inputs: inputs) }, of: team)
        try withWorkers {
            try database.awaitStarted(1)
            try expectSoon(try database.startRun([TestStep("a")], of: database.makeWorkingTeam()))
        }
    }

    @Test func `with one thread the worker leaves to others what it cannot start`() throws {
        try database.startRun([TestStep("long", inputs: #"{"delaySeconds":50}"#)], of: team)
        try withWorkers(1, ["NOFX_WORKER_THREADS": "1"]) {
            try database.awaitStarted(1)
            let run = try database.startRun([TestStep("a")], of: database.makeWorkingTeam())
            try Poll.until { try database.value("SELECT count(*) FROM nofx.queue WHERE state = 'available'") == 1 }
            try withWorkers(1) { try expectSoon(run) }
        }
    }

    @Test func `a team beyond 64 teams at their limit has its turn at once`() throws {
        let teams = try (0..<64).map { _ in try database.makeWorkingTeam() }
        for team in teams { try database.startRun([TestStep("a"), TestStep("b")], of: team) }
        #expect(
            try database.rows("SELECT * FROM nofx.claim_jobs('test.echo', 64, '1 hour', NULL, 1, NULL)").count == 64
        )
        let last = try database.makeWorkingTeam()
        let run = try database.startRun([TestStep("a")], of: last)
        let report = try database.runWorker(["NOFX_TEAM_LIMIT": "1"]).run("{}").json()
        #expect(report["succeeded"]?.integer == 1)
        #expect(try database.status(of: run) == "succeeded")
    }

    @Test func `steps too long for a call hide no others, and the answer counts them`() throws {
        for _ in 0..<16 {
            try database.startRun([TestStep("long", timeout: .seconds(3_600))], of: database.makeWorkingTeam())
        }
        try database.startRun((0..<40).map { TestStep("long \($0)", timeout: .seconds(3_600)) }, of: team)
        let run = try database.startRun([TestStep("short", timeout: .seconds(2))], of: team)
        let other = try database.startRun((0..<500).map { TestStep("\($0)") }, of: database.makeWorkingTeam())
        let report = try database.runWorker().run(#"{"budgetSeconds":30}"#).json()
        #expect(report["succeeded"]?.integer == 501)
        #expect(report["tooLong"]?.integer == 56)
        #expect(report["released"]?.integer == 0)
        #expect(report["more"]?.bool == false)
        #expect(try database.status(of: run) == "succeeded")
        #expect(try database.status(of: other) == "succeeded")
    }

    @Test(arguments: [2, 5, 30, 60])
    func `any budget does useful work with default steps`(seconds: Int) throws {
        try database.startRun((0..<20).map { TestStep("\($0)") }, of: team)
        let report = try database.runWorker().run(#"{"budgetSeconds":\#(seconds)}"#).json()
        #expect(report["succeeded"]?.integer == 20)
        #expect(report["more"]?.bool == false)
    }

    @Test func `a default step that outlasts the call is interrupted, and another call may do it`() throws {
        try database.startRun([TestStep("a", inputs: #"{"delaySeconds":50}"#)], of: team)
        let report = try database.runWorker().run(#"{"budgetSeconds":2}"#).json()
        #expect(report["interrupted"]?.integer == 1)
        #expect(report["more"]?.bool == true)
        #expect(try database.events(of: database.value("SELECT id FROM nofx.runs")).last == "step.interrupted a")
    }

    // A fleet of different workers.
    @Test func `a worker claims only what it has the means for`() throws {
        let ai = try database.startRun(
            [TestStep("ai", "ai:generate", inputs: #"{"prompt":"Hello."}"#, needs: ["ai:openai"])],
            of: team
        )
        let secret = try database.startRun([TestStep("secret", needs: ["secrets:\(team.id)/deploy"])], of: team)
        let report = try database.runWorker().run("{}").json()
        #expect(report["processed"]?.integer == 0)
        #expect(report["more"]?.bool == false)
        let anthropic = ["ANTHROPIC_API_KEY": "none", "ANTHROPIC_BASE_URL": "http://127.0.0.1:1"]
        #expect(try database.runWorker(anthropic).run("{}").json()["processed"]?.integer == 0)
        let none = UUID.v7()
        let others = [
            "NOFX_SECRETS":
                #"{"\#(none)":{"deploy":{"A":"hunter22"}},"\#(team.id)":{"other":{"A":"hunter22"}}}"#
        ]
        #expect(try database.runWorker(others).run("{}").json()["processed"]?.integer == 0)
        #expect(try database.value("SELECT count(*) FROM nofx.queue WHERE attempt = 0 AND state = 'available'") == 2)

        let scopes = ["NOFX_SECRETS": #"{"\#(team.id)":{"deploy":{"A":"hunter22"}}}"#]
        #expect(try database.runWorker(scopes).run("{}").json()["succeeded"]?.integer == 1)
        #expect(try database.status(of: secret) == "succeeded")
        let outcome = try FaultServer.run { (server) throws in
            let openAI = ["OPENAI_BASE_URL": server.openAI, "OPENAI_MODEL": "any", "OPENAI_API_KEY": "none"]
            return try database.runWorker(openAI).run("{}")
        }
        #expect(try outcome.json()["succeeded"]?.integer == 1, "\(outcome)")
        #expect(try database.status(of: ai) == "succeeded")
    }

    @Test func `operators are told of a step that no worker can do`() throws {
        try database.startRun([TestStep("ai", "ai:generate", inputs: #"{"prompt":"Hello."}"#, needs: ["ai"])], of: team)
        try database.rows("UPDATE nofx.queue SET run_at = now() - interval '5 minutes'")
        let outcome = try database.runWorker().run("{}")
        let lines = try outcome.log("worker.steps_undoable")
        #expect(lines.count == 1)
        #expect(lines.first?["topic"]?.string == "ai.generate")
        #expect(lines.first?["count"]?.integer == 1)
    }
}
