import Base
import Glibc
import Postgres
import TestSupport
import Testing

/// Processes that share circuit breakers only through the database.
@Suite struct SharedBreakerTests {
    private let database: TestDatabase

    init() throws {
        database = try TestDatabase()
    }

    // Cases: ai 17
    @Test func `a breaker that one process opens rejects another's call, and a reset closes it for both`() throws {
        try LLMock.run { mock in
            let first = database.ask(["OPENAI_BASE_URL": mock.openAI, "NOFX_RETRY_MAX": "9"])
            let second = database.ask(["OPENAI_BASE_URL": mock.openAI])
            try mock.scenario(#"{"type":"fail","status":529,"times":null}"#)
            let failed = try first.run(TestFunction.question())
            #expect(failed.status == 75)
            #expect(try mock.requests().count == 5)

            let rejected = try second.run(TestFunction.question())
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
            for process in [first, second] { #expect(try process.run(TestFunction.question()).status == 0) }
        }
    }

    // Cases: ai 22; breaker 33
    @Test func `after a prober is killed, the next probe starts only after the lease expires`()
        throws
    {
        try FaultServer.run { server in
            let process = database.ask(["OPENAI_BASE_URL": server.openAI, "NOFX_BREAKER_PERMITS": "1"])
            try database.rows(
                """
                UPDATE nofx.circuit_breakers
                SET state = 'open', generation = 1, opens = 1, open_until = clock_timestamp() WHERE name = 'openai'
                """
            )
            let probe = try process.start()
            let id = probe.processID
            let killer = TestThread {
                try? Poll.until { try !server.requests().isEmpty }
                kill(id, SIGKILL)
            }
            #expect(probe.finish(Array(TestFunction.question("fault:silent").utf8)).status == 128 + SIGKILL)
            killer.join()

            let early = try process.run(TestFunction.question())
            #expect(try early.json()["code"]?.string == "ai_circuit_open")
            #expect(try server.requests().count == 1)
            try database.rows(
                """
                UPDATE nofx.circuit_breakers
                SET probe_deadline = probe_deadline - ceil(extract(epoch FROM probe_deadline - clock_timestamp()) + 1)
                                     * interval '1 second'
                """
            )
            #expect(try process.run(TestFunction.question()).status == 0)
            #expect(try server.requests().count == 2)
        }
    }

    // Cases: ai 24; breaker 41
    @Test(arguments: ["+10m", "-10m"])
    func `a process with a wrong clock gets the same answers as others`(offset: String) throws {
        try LLMock.run { mock in
            try database.rows(
                """
                UPDATE nofx.circuit_breakers SET state = 'open', generation = 1, opens = 1,
                       open_until = clock_timestamp() + interval '100 s' WHERE name = 'openai'
                """
            )
            let skewed = database.ask([
                "OPENAI_BASE_URL": mock.openAI, "LD_PRELOAD": try Self.skewLibrary(), "FAKETIME": offset,
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            ])
            // On a busy machine the breaker's state may take longer than a call waits for it.
            try Poll.until { try skewed.run(TestFunction.question()).json()["code"]?.string == "ai_circuit_open" }
            let rejected = try skewed.run(TestFunction.question())
            #expect((1...100).contains(try rejected.json()["retryAfter"]?.integer ?? 1))
            try database.rows("UPDATE nofx.circuit_breakers SET open_until = clock_timestamp() WHERE name = 'openai'")
            try Poll.until {
                #expect(try skewed.run(TestFunction.question()).status == 0)
                return try database.value(
                    "SELECT state FROM nofx.circuit_breakers WHERE name = 'openai'",
                    as: String.self
                ) == "closed"
            }
        }
    }

    /// The path of Debian's libfaketime, which gives a process another time.
    private static func skewLibrary() throws -> String {
        let folders = ["x86_64-linux-gnu", "aarch64-linux-gnu"].map { "/usr/lib/\($0)/faketime/libfaketime.so.1" }
        return try #require(folders.first { access($0, R_OK) == 0 })
    }
}
