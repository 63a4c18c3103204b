import Base
import Postgres
import TestSupport
import Testing

/// Steps of several teams at one provider, some of which cannot be done now.
@Suite struct ProviderGateTests {
    private let database: TestDatabase
    private let team: WorkingTeam
    private let other: WorkingTeam

    init() throws {
        database = try TestDatabase()
        team = try database.makeWorkingTeam()
        other = try database.makeWorkingTeam()
    }

    @Test func `one team's broken model delays no step of another team`() throws {
        try FaultServer.run { server in
            let worker = worker(server.openAI)
            try database.startRun(steps(8, "fault:status:500", attempts: 1), of: team)
            _ = try worker.run("{}")
            #expect(try state("openai/fault:status:500") == "open")
            let broken = try database.startRun(steps(8, "fault:status:500"), of: team)
            let good = try database.startRun(steps(8), of: other)
            let report = try worker.run("{}").json()
            #expect(report["succeeded"]?.integer == 8)
            #expect(try attempts(of: good) == ["succeeded 1"])
            #expect(try attempts(of: broken) == ["queued 0"])
            #expect(try state("openai") == "closed")
        }
    }

    @Test func `one team's limited model delays no step of another team`() throws {
        try FaultServer.run { server in
            try server.answer("limited", status: 429, headers: [("Retry-After", "1800")])
            let worker = worker(server.openAI)
            let limited = try database.startRun(steps(6, "fault:limited", attempts: 20), of: team)
            _ = try worker.run("{}")
            let good = try database.startRun(steps(6), of: other)
            #expect(try worker.run("{}").json()["succeeded"]?.integer == 6)
            #expect(try attempts(of: good) == ["succeeded 1"])
            #expect(try database.status(of: limited) != "succeeded")
            #expect(try server.requests(of: "limited").count < 6)
        }
    }

    @Test func `a host that is down opens the provider's breaker, and steps wait`() throws {
        let run = try database.startRun(steps(20, attempts: 20), of: team)
        let worker = worker("http://127.0.0.1:1/v1", ["NOFX_RETRY_MAX": "4"])
        let report = try worker.run("{}").json()
        #expect(try state("openai") == "open")
        #expect(report["failed"]?.integer ?? 0 <= 8)
        #expect(try database.status(of: run) == "running")
        #expect(try database.value("SELECT count(*) FROM nofx.circuit_breakers WHERE name ~ '/'") == 0)
    }

    @Test func `steps of a closed provider wait, and those of another go on`() throws {
        try FaultServer.run { server in
            try database.rows("SELECT nofx.circuit_set('anthropic-ai', 'force_open')")
            let closed = try database.startRun(steps(40, of: "anthropic-ai"), of: team)
            let good = try database.startRun(steps(10, of: "openai"), of: other)
            let worker = worker(server.openAI, ["ANTHROPIC_BASE_URL": server.url, "ANTHROPIC_MODEL": "good"])
            let report = try worker.run("{}").json()
            #expect(report["succeeded"]?.integer == 10)
            // After the first rejection the worker claims no more of them.
            #expect(report["released"]?.integer ?? 40 < 40)
            #expect(try attempts(of: closed) == ["queued 0"])
            #expect(try attempts(of: good) == ["succeeded 1"])
        }
    }

    @Test func `a refused key kills no step, and all go on with another key`() throws {
        try FaultServer.run { server in
            let run = try database.startRun(steps(60, attempts: 1), of: team)
            let refused = worker("\(server.url)/fault/status:401", ["NOFX_WORKER_THREADS": "4"])
            let report = try refused.run("{}").json()
            #expect(report["processed"]?.integer == 0)
            #expect(try attempts(of: run) == ["queued 0"])
            #expect(try server.requests().count <= 4)
            let health = try TestFunction("aiHealth", database: database.url, token: Tokens.signed()).run("{}").json()[
                "breakers"
            ]
            let provider = health?.elements.first { $0["name"]?.string == "openai" }
            #expect(provider?["refusedKeys"]?.integer == 1)
            let key = health?.elements.first { $0["level"]?.string == "key" }
            #expect(key?["state"]?.string == "refused" && key?["lastError"]?.string == "ai_auth_failed")
            try database.rows("UPDATE nofx.queue SET run_at = now(), state = 'available'")
            #expect(
                try worker(server.openAI, ["OPENAI_API_KEY": "sk-new"]).run("{}").json()["succeeded"]?.integer == 60
            )
            #expect(try attempts(of: run) == ["succeeded 1"])
        }
    }

    @Test func `a worker without a provider claims none of a thousand steps`() throws {
        let run = try database.startRun(steps(1_000, attempts: 1), of: team)
        let report = try database.runWorker().run("{}").json()
        #expect(report["processed"]?.integer == 0 && report["released"]?.integer == 0)
        #expect(try attempts(of: run) == ["queued 0"])
        #expect(try database.value("SELECT count(*) FROM nofx.queue WHERE state = 'available' AND fence = 0") == 1_000)
        try database.rows("UPDATE nofx.queue SET run_at = run_at - interval '2 minutes'")
        let token = try TestFunction.token(for: TestDatabase.newSubject(), scopes: ["admin:ops"])
        let stats = try TestFunction("queueStats", database: database.url, token: token).run("{}").json()
        #expect(stats["topics"]?.elements.first { _ in true }?["undoable"]?.integer == 1_000)
    }

    private func worker(_ url: String, _ more: [String: String] = [:]) -> TestFunction {
        let variables = [
            "OPENAI_BASE_URL": url, "OPENAI_MODEL": "good", "OPENAI_API_KEY": "sk-old", "NOFX_RETRY_MAX": "0",
        ]
        return database.runWorker(variables.merging(more) { $1 })
    }

    private func steps(
        _ count: Int,
        _ model: String? = nil,
        of provider: String? = nil,
        attempts: Int = 3
    ) -> [TestStep] {
        let member = (model.map { #","model":"\#($0)""# } ?? "") + (provider.map { #","providers":["\#($0)"]"# } ?? "")
        return (0..<count).map { number in
            TestStep(
                "ai \(number)",
                "ai:generate",
                inputs: #"{"prompt":"Say \#(number)."\#(member)}"#,
                attempts: attempts,
                needs: [provider.map { "ai:\($0)" } ?? "ai"]
            )
        }
    }

    /// The states of a run's steps, each with the number of its attempts.
    private func attempts(of run: UUID) throws -> [String] {
        try database.value(
            "SELECT array_agg(DISTINCT status || ' ' || attempt) FROM nofx.steps WHERE run_id = \(run)",
            as: [String].self
        )
    }

    private func state(_ breaker: String) throws -> String {
        try database.value(
            "SELECT coalesce(max(state), 'missing') FROM nofx.circuit_breakers WHERE name = \(breaker)",
            as: String.self
        )
    }
}
