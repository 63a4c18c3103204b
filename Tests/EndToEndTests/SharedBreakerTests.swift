import Base
import Glibc
import Postgres
import TestSupport
import Testing

/// Processes that share circuit breakers through the database and through nothing else.
@Suite struct SharedBreakerTests {
    private let database: TestDatabase

    init() throws {
        database = try TestDatabase()
    }

    /// A process that makes one protected call.
    private func ask(_ variables: [String: String]) -> TestFunction {
        let usual = [
            "OPENAI_API_KEY": "sk-of-the-tests-0123456789", "OPENAI_MODEL": "gpt-4.1", "NOFX_RETRY_BASE_MS": "20",
            "NOFX_RETRY_CAP_MS": "200", "NOFX_JWT_SECRET": "", "NOFX_JWT_ISSUER": "", "NOFX_JWT_AUDIENCE": "",
        ]
        return TestFunction("ask", database: database.url, environment: usual.merging(variables) { $1 })
    }

    private func question(_ model: String? = nil) -> String {
        #"{"prompt":"What is \#(UUID.v7())?"\#(model.map { #","model":"\#($0)""# } ?? "")}"#
    }

    @Test func `what one process finds out spares another, and an operator's reset helps both`() throws {
        try LLMock.run { mock in
            let first = ask(["OPENAI_BASE_URL": mock.openAI, "NOFX_RETRY_MAX": "9"])
            let second = ask(["OPENAI_BASE_URL": mock.openAI])
            try mock.scenario(#"{"type":"fail","status":529,"times":null}"#)
            let failed = try first.run(question())
            #expect(failed.status == 75)
            #expect(try mock.requests().count == 5)

            let rejected = try second.run(question())
            #expect(rejected.status == 75)
            let problem = try rejected.json()
            #expect(problem["code"]?.string == "ai_circuit_open")
            #expect((1...120).contains(problem["retryAfter"]?.integer ?? 0))
            #expect(try mock.requests().count == 5)

            #expect(try mock.verdict().isClean)
            try mock.reset()
            let token = try TestFunction.token(for: TestDatabase.newSubject(), scopes: ["admin:ops"])
            let reset = try TestFunction("resetBreaker", database: database.url, token: token)
                .run(#"{"name":"openai"}"#)
            #expect(reset.status == 0)
            for process in [first, second] { #expect(try process.run(question()).status == 0) }
        }
    }

    @Test func `when whoever probes is killed, nobody else probes before the lease is over, and then somebody does`()
        throws
    {
        try FaultServer.run { server in
            let process = ask(["OPENAI_BASE_URL": server.openAI, "NOFX_BREAKER_PERMITS": "1"])
            try database.rows(
                """
                UPDATE nofx.circuit_breakers
                SET state = 'open', generation = 1, opens = 1, open_until = clock_timestamp() WHERE name = 'openai'
                """
            )
            let probe = try process.start()
            let id = probe.processID
            let killer = TestThread {
                while (try? server.requests().isEmpty) == true {}
                kill(id, SIGKILL)
            }
            #expect(probe.finish(Array(question("fault:silent").utf8)).status == 128 + SIGKILL)
            killer.join()

            let early = try process.run(question())
            #expect(try early.json()["code"]?.string == "ai_circuit_open")
            #expect(try server.requests().count == 1)
            try database.rows(
                """
                UPDATE nofx.circuit_breakers
                SET probe_deadline = probe_deadline - ceil(extract(epoch FROM probe_deadline - clock_timestamp()) + 1)
                                     * interval '1 second'
                """
            )
            #expect(try process.run(question()).status == 0)
            #expect(try server.requests().count == 2)
        }
    }

    @Test(arguments: ["+10m", "-10m"])
    func `a process whose clock is wrong is told the same as all others`(offset: String) throws {
        try LLMock.run { mock in
            try database.rows(
                """
                UPDATE nofx.circuit_breakers SET state = 'open', generation = 1, opens = 1,
                       open_until = clock_timestamp() + interval '100 s' WHERE name = 'openai'
                """
            )
            let skewed = ask([
                "OPENAI_BASE_URL": mock.openAI, "LD_PRELOAD": try Self.skewLibrary(), "FAKETIME": offset,
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            ])
            let rejected = try skewed.run(question())
            #expect(try rejected.json()["code"]?.string == "ai_circuit_open")
            #expect((60...100).contains(try rejected.json()["retryAfter"]?.integer ?? 0))
            try database.rows("UPDATE nofx.circuit_breakers SET open_until = clock_timestamp() WHERE name = 'openai'")
            for _ in 0..<2 { #expect(try skewed.run(question()).status == 0) }
            #expect(
                try database.value(
                    "SELECT state FROM nofx.circuit_breakers WHERE name = 'openai'",
                    as: String.self
                ) == "closed"
            )
        }
    }

    @Test func `a team that has spent its budget is told so, and by when there is more`() throws {
        try LLMock.run { mock in
            let owner = TestDatabase.newSubject()
            let team = try database.makeTeam(as: owner)
            let process = ask(["OPENAI_BASE_URL": mock.openAI, "NOFX_AI_DAILY_BUDGET_USD": "0"])
            let refused = try process.run(
                #"{"prompt":"What is \#(UUID.v7())?","teamId":"\#(team)"}"#
            )
            #expect(try refused.json()["code"]?.string == "ai_budget_exceeded")
            #expect(try mock.requests().isEmpty)
        }
    }

    @Test(arguments: [
        ("NOFX_BREAKER_FAILURE_THRESHOLD", "-1"), ("NOFX_BREAKER_RESET_MS", "0"), ("NOFX_BREAKER_GROWTH", "nan"),
        ("NOFX_BREAKER_FAILURE_RATE", "0.5"), ("NOFX_BREAKER_PERMITS", "two"),
    ])
    func `a policy that makes no sense is refused at start, by its variable's name`(name: String, value: String) throws
    {
        let token = try TestFunction.token(for: TestDatabase.newSubject())
        for program in ["aiHealth", "resetBreaker", "ask"] {
            let outcome = try TestFunction(program, database: database.url, token: token, environment: [name: value])
                .run("{}")
            #expect(outcome.status == 78)
            #expect(try outcome.json()["code"]?.string == "misconfigured")
            #expect(outcome.errors.contains(#""variable":"NOFX_BREAKER_"#))
            #expect(!outcome.errors.contains(#""\#(value)""#))
        }
    }

    @Test(arguments: [
        ("NOFX_RETRY_MAX", "-1"), ("OPENAI_BASE_URL", "ftp://models.test"), ("OPENAI_API_KEY", "sk-hunter2\nX: y"),
        ("NOFX_AI_PRICES", #"[{"model":"m"}]"#), ("OPENAI_WIRE", "morse"), ("NOFX_AI_IDLE_MS", "-5"),
    ])
    func `whom to call and how is checked at start as well`(name: String, value: String) throws {
        let outcome = try ask([name: value]).run(question())
        #expect(outcome.status == 78)
        #expect(outcome.errors.contains(#""variable":"\#(name)""#))
        #expect(!outcome.errors.contains("hunter2"))
    }

    @Test func `no key gets into an answer or a log, whatever goes wrong`() throws {
        try FaultServer.run { server in
            for fault in ["echo", "status:401", "bad-json", "rst-mid", "html:502", "redirect"] {
                let process = ask([
                    "OPENAI_BASE_URL": server.openAI, "LOG_LEVEL": "debug", "NOFX_RETRY_MAX": "1",
                ])
                let outcome = try process.run(question("fault:\(fault)"))
                #expect(!outcome.errors.contains("sk-of-the-tests"), "\(fault)")
                #expect(!outcome.errors.contains(Base64.encodeURL(Array("sk-of-the-tests-0123456789".utf8))))
                // What the model says is the model's business: the echo says it all.
                if fault != "echo" { #expect(!outcome.output.contains("sk-of-the-tests"), "\(fault)") }
            }
        }
    }

    /// Where Debian keeps the library that shows a process another time.
    private static func skewLibrary() throws -> String {
        let folders = ["x86_64-linux-gnu", "aarch64-linux-gnu"].map { "/usr/lib/\($0)/faketime/libfaketime.so.1" }
        return try #require(folders.first { access($0, R_OK) == 0 })
    }
}
