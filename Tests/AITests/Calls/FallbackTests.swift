import AI
import Base
import Core
import Postgres
import TestSupport
import Testing

/// Calls with several providers, and responses that are not answers.
@Suite struct FallbackTests {
    private static let quick = ["NOFX_RETRY_MAX": "1", "NOFX_RETRY_BASE_MS": "5", "NOFX_RETRY_CAP_MS": "20"]

    private func withServer(_ more: [String: String] = quick, body: (FaultServer, Asker) throws -> Void) throws {
        let database = try TestDatabase()
        try FaultServer.run { server in
            try body(server, Asker(database, anthropic: server.url, openAI: server.openAI, more))
        }
    }

    private func request(_ fault: String) -> CompletionRequest {
        CompletionRequest(Asker.prompt(), model: "fault:\(fault)")
    }

    // Cases: ai 10, 26
    @Test(arguments: ["status:500", "status:401", "status:404", "spend-limit", "retry-after:999999", "bad-json"])
    func `a call falls back to the second provider after an error of the first`(fault: String) throws {
        try withServer { _, asker in
            let answer = try asker.ask(request(fault), of: ["anthropic-ai", "openai"])

            #expect(answer.completion.text == FaultServer.text)
            #expect(answer.provider == "openai")
            #expect(answer.usedFallback)
            #expect(answer.attempts.map(\.provider).first == "anthropic-ai")
            #expect(answer.attempts.last?.code == nil)
            // Every attempt is recorded, failed ones included.
            let count = try asker.database.value("SELECT count(*) FROM nofx.ai_attempts", as: Int.self)
            #expect(count == answer.attempts.count)
        }
    }

    // Cases: breaker 54
    @Test func `an open breaker causes no request before the fallback`() throws {
        try withServer { server, asker in
            try asker.database.rows("SELECT nofx.circuit_set('anthropic-ai', 'force_open')")
            let answer = try asker.ask(CompletionRequest(Asker.prompt()))

            #expect(answer.attempts.map(\.code) == [.circuitOpen, nil])
            #expect(try server.requests().map(\.path) == ["/v1/chat/completions"])
        }
    }

    // Cases: ai 27
    @Test func `if all providers fail, the last error lists all attempts`() throws {
        try withServer { _, asker in
            var broken = asker
            broken.variables["OPENAI_MODEL"] = "fault:status:529"
            let error = try #require(try broken.failure(request("status:500")))

            #expect(error.code == .overloaded)
            #expect(error.provider == "openai")
            #expect(error.attempts.map(\.code) == [.upstreamError, .upstreamError, .overloaded, .overloaded])
        }
    }

    // Cases: ai 28
    @Test(arguments: ["status:400", "status:413", "status:422"])
    func `an error that every provider would return has no fallback`(fault: String) throws {
        try withServer { (_, asker) throws in
            #expect(try asker.failure(request(fault))?.attempts.count == 1)
        }
    }

    // Cases: ai 63; breaker 71
    @Test func `all providers and waits together end at the deadline`() throws {
        try withServer(["NOFX_RETRY_MAX": "2", "NOFX_RETRY_BASE_MS": "60000", "NOFX_RETRY_CAP_MS": "60000"]) {
            _,
            asker in
            var broken = asker
            broken.variables["OPENAI_MODEL"] = "fault:status:500"
            // A wait of at least 30 s does not fit into 20 s, so the client does not wait.
            let error = try broken.failure(request("status:500"), deadline: .after(.seconds(20)))
            #expect(error?.attempts.map(\.code) == [.upstreamError, .upstreamError])
        }
    }

    // Cases: breaker 48
    @Test func `a call that was cancelled before it begins sends no request`() throws {
        try withServer { server, asker in
            let cancellation = Cancellation()
            cancellation.cancel()
            var providers = try asker.providers()
            let error = #expect(throws: AIError.self) {
                try providers.call(CompletionRequest(Asker.prompt()), deadline: .test, cancellation: cancellation)
            }

            #expect(error?.code == .cancelled)
            #expect(try server.requests().isEmpty)
        }
    }

    // Cases: ai 62; breaker 72
    @Test func `a call cancelled while it waits ends and does not count for the breaker`()
        throws
    {
        try withServer { server, asker in
            let cancellation = Cancellation()
            let canceller = TestThread {
                try? Poll.until { try !server.requests().isEmpty }
                cancellation.cancel()
            }
            var providers = try asker.providers()
            let error = #expect(throws: AIError.self) {
                try providers.callOpenAI(request("silent"), deadline: .test, cancellation: cancellation)
            }
            canceller.join()

            #expect(error?.code == .cancelled)
            #expect(try server.requests().count == 1)
            #expect(try asker.breaker() == ("closed", 0, 0))
        }
    }

    @Test func `an unknown provider is reported as not configured`() throws {
        try withServer { (_, asker) throws in
            #expect(try asker.failure(CompletionRequest(Asker.prompt()), of: ["mistral"])?.code == .notConfigured)
        }
    }

    // Cases: ai 63
    @Test(arguments: [DatabaseRelay.Condition.silent, .stopped])
    func `an unresponsive database leaves enough time for the call`(condition: DatabaseRelay.Condition) throws {
        let database = try TestDatabase()
        try FaultServer.run { server in
            try database.withRelay { relay, url in
                relay.become(condition)
                let asker = Asker(database, openAI: server.openAI)
                var providers = try asker.providers(at: url, isPatient: false)
                let deadline = Deadline.after(.seconds(20))
                let question = CompletionRequest(Asker.prompt())
                let answer = try providers.callOpenAI(question, for: .v7(), deadline: deadline)

                #expect(answer.completion.text == FaultServer.text)
                #expect(!deadline.hasPassed)
            }
        }
    }

    // Cases: ai 25; breaker 89
    @Test func `without Postgres calls still succeed, and warnings are logged`() throws {
        try TestCluster.run { cluster in
            let database = try TestDatabase(on: cluster)
            try FaultServer.run { server in
                let asker = Asker(database, openAI: server.openAI, ["NOFX_RETRY_MAX": "0"])
                var providers = try asker.providers()
                let ask: (inout Asker.Providers, String?) throws -> String? = { providers, model in
                    do throws(AIError) {
                        let question = CompletionRequest(Asker.prompt(), model: model)
                        return try providers.callOpenAI(question, deadline: .test).completion.text
                    } catch {
                        return error.code.rawValue
                    }
                }
                #expect(try ask(&providers, nil) == FaultServer.text)
                try cluster.crash()
                #expect(try ask(&providers, nil) == FaultServer.text)
                #expect(asker.lines.containing("breaker.store_unavailable").count >= 1)
                #expect(asker.lines.containing("ai.usage_lost").count >= 1)

                // Meanwhile the process's own breaker applies.
                for _ in 0..<5 { #expect(try ask(&providers, "fault:status:503") == "ai_upstream_error") }
                #expect(try ask(&providers, nil) == "ai_circuit_open")

                try cluster.start()
                while asker.lines.containing("breaker.store_back").isEmpty { _ = try ask(&providers, nil) }
                #expect(try ask(&providers, nil) == FaultServer.text)
                try database.rows("SELECT nofx.circuit_set('openai', 'force_open')")
                #expect(try ask(&providers, nil) == "ai_circuit_open")
            }
        }
    }
}
