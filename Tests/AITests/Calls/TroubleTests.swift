import AI
import Base
import Core
import Postgres
import TestSupport
import Testing

/// Calls to a faulty provider, and the effect on its breaker.
@Suite struct TroubleTests {
    /// A fault, the code of the call's error, the number of attempts, and the failures that the breaker counts.
    struct Trouble: Sendable, CustomTestStringConvertible {
        let fault: String
        let code: AIError.Code
        let attempts: Int
        let failures: Int32

        /// Whether the breaker is that of the model, and not that of the provider.
        let isOfModel: Bool

        init(
            _ fault: String,
            _ code: AIError.Code,
            attempts: Int,
            failures: Int32,
            isOfModel: Bool = false
        ) {
            (self.fault, self.code, self.attempts, self.failures) = (fault, code, attempts, failures)
            self.isOfModel = isOfModel
        }

        var testDescription: String { fault }
    }

    private static let connections = [
        Trouble("close-early", .connectionLost, attempts: 3, failures: 3),
        Trouble("rst-early", .connectionLost, attempts: 3, failures: 3),
        Trouble("rst-mid", .connectionLost, attempts: 3, failures: 3),
        Trouble("short-body", .connectionLost, attempts: 3, failures: 3),
        Trouble("chunked-cut", .connectionLost, attempts: 3, failures: 3),
        Trouble("partial-headers", .connectionLost, attempts: 3, failures: 3),
    ]

    private static let answers = [
        Trouble("bad-gzip", .badResponse, attempts: 2, failures: 2, isOfModel: true),
        Trouble("empty-200", .badResponse, attempts: 2, failures: 2, isOfModel: true),
        Trouble("bad-json", .badResponse, attempts: 2, failures: 2, isOfModel: true),
        Trouble("html-200", .badResponse, attempts: 2, failures: 2, isOfModel: true),
        Trouble("array-200", .badResponse, attempts: 2, failures: 2, isOfModel: true),
        Trouble("object-200", .badResponse, attempts: 2, failures: 2, isOfModel: true),
        Trouble("big-length", .badResponse, attempts: 2, failures: 2, isOfModel: true),
        Trouble("big-chunked", .badResponse, attempts: 2, failures: 2, isOfModel: true),
        Trouble("redirect", .badEndpoint, attempts: 1, failures: 0),
    ]

    private static let statuses = [
        Trouble("status:500", .upstreamError, attempts: 3, failures: 3, isOfModel: true),
        Trouble("html:502", .upstreamError, attempts: 3, failures: 3),
        Trouble("html:503", .upstreamError, attempts: 3, failures: 3),
        Trouble("status:529", .overloaded, attempts: 3, failures: 3),
        Trouble("status:401", .authFailed, attempts: 1, failures: 0),
        Trouble("status:404", .modelNotFound, attempts: 1, failures: 0),
        Trouble("error-in-200:502", .upstreamError, attempts: 3, failures: 3),
        Trouble("no-retry:500", .upstreamError, attempts: 1, failures: 1, isOfModel: true),
        Trouble("do-retry:400", .badRequest, attempts: 3, failures: 0),
        Trouble("spend-limit", .quotaExhausted, attempts: 1, failures: 0),
        Trouble("retry-after:999999", .rateLimited, attempts: 1, failures: 0),
        Trouble("flat:400", .badRequest, attempts: 1, failures: 0),
        Trouble("string:404", .modelNotFound, attempts: 1, failures: 0),
        Trouble("openrouter:402", .quotaExhausted, attempts: 1, failures: 0),
    ]

    @Test(arguments: ["anthropic-ai", "openai"]) func `bytes that are not UTF-8 are no trouble`(provider: String) throws
    {
        try Self.withServer { _, asker in
            let request = CompletionRequest(Asker.prompt(), model: "fault:bad-utf8")
            let error = try asker.failure(request, of: [provider])
            let breaker = try asker.breaker(provider)
            #expect(error == nil && breaker.failures == 0)
        }
    }

    // Cases: ai 8, 9, 15, 36, 37, 38, 41, 42
    @Test(arguments: connections + answers + statuses, ["anthropic-ai", "openai"])
    func `each fault has its code, number of attempts and effect on the breaker`(
        trouble: Trouble,
        provider: String
    ) throws {
        try Self.withServer { server, asker in
            let request = CompletionRequest(Asker.prompt(), model: "fault:\(trouble.fault)")
            let error = try #require(try asker.failure(request, of: [provider]))

            #expect(error.code == trouble.code, "\(error.debugDescription)")
            #expect(error.attempts.count == trouble.attempts)
            #expect(try server.requests().count == trouble.attempts)
            let ofModel = try asker.breaker("\(provider)/fault:\(trouble.fault)").failures
            #expect(ofModel == (trouble.isOfModel ? trouble.failures : 0))
            #expect(try asker.breaker(provider).failures == (trouble.isOfModel ? 0 : trouble.failures))
            #expect(try server.redirected().isEmpty)
        }
    }

    /// All cases share one server and one database.
    ///
    /// Each case has its own fault or provider, and resets the rest.
    private static func withServer(
        _ more: [String: String] = ["NOFX_RETRY_MAX": "2", "NOFX_RETRY_BASE_MS": "5", "NOFX_RETRY_CAP_MS": "20"],
        body: (FaultServer, Asker) throws -> Void
    ) throws {
        let database = try TestDatabase()
        try FaultServer.run { server in
            try body(server, Asker(database, anthropic: server.url, openAI: server.openAI, more))
        }
    }

    // Cases: ai 9
    @Test func `an exhausted quota rejects all calls until an operator resets the breaker`() throws {
        try Self.withServer { server, asker in
            let request = CompletionRequest(Asker.prompt(), model: "fault:spend-limit")
            #expect(try asker.failure(request, of: ["openai"])?.code == .quotaExhausted)
            let rejected = try #require(try asker.failure(CompletionRequest(Asker.prompt()), of: ["openai"]))

            #expect(rejected.code == .quotaExhausted)
            #expect((1...60).contains(rejected.problem.retryAfter ?? 0))
            #expect(try server.requests().count == 1)
            try asker.database.rows("SELECT nofx.circuit_set(name, 'reset') FROM nofx.circuit_breakers")
            #expect(
                try asker.ask(CompletionRequest(Asker.prompt()), of: ["openai"]).completion.text == FaultServer.text
            )
        }
    }

    // Cases: ai 5, 6
    @Test func `retry-after-ms takes precedence over retry-after, and an HTTP date is understood`() throws {
        try Self.withServer { server, asker in
            let quick = CompletionRequest(Asker.prompt(), model: "fault:retry-after-ms:300*1")
            #expect(try asker.ask(quick, of: ["openai"]).attempts.map(\.code) == [.rateLimited, nil])
            let gaps = try server.gaps()
            #expect(gaps.allSatisfy { $0 >= 0.3 })
            try asker.database.rows("SELECT nofx.circuit_set('openai', 'reset')")
            let dated = CompletionRequest(Asker.prompt(), model: "fault:retry-after-date:2*1")
            #expect(try asker.ask(dated, of: ["openai"]).attempts.map(\.code) == [.rateLimited, nil])
            // A date has no fractions, so two seconds may be little more than one.
            #expect(try server.gaps().last ?? 0 > 1)
        }
    }

    // Cases: ai 50
    @Test func `a rate limit without Retry-After lasts until its window resets`() throws {
        try Self.withServer(["NOFX_RETRY_MAX": "0"]) { server, asker in
            let headers = [
                (name: "x-ratelimit-limit-requests", value: "2"), (name: "x-ratelimit-remaining-requests", value: "0"),
                (name: "x-ratelimit-reset-requests", value: "40s"),
            ]
            try server.answer("limited", status: 429, headers: headers, body: #"{"error":{"type":"requests"}}"#)
            let first = try asker.failure(CompletionRequest(Asker.prompt(), model: "fault:limited"), of: ["openai"])
            let second = try asker.failure(CompletionRequest(Asker.prompt(), model: "fault:limited"), of: ["openai"])

            #expect(first?.code == .rateLimited)
            #expect(second?.code == .rateLimited)
            #expect((2...40).contains(second?.problem.retryAfter ?? 0))
            #expect(try server.requests().count == 1)
        }
    }

    // Cases: ai 66
    @Test func `requests contain the configured version, and the key in exactly one header`() throws {
        try Self.withServer { server, asker in
            var asker = asker
            _ = try asker.ask(CompletionRequest(Asker.prompt()), of: ["anthropic-ai"])
            asker.variables["ANTHROPIC_VERSION"] = "2026-10-21"
            _ = try asker.ask(CompletionRequest(Asker.prompt()), of: ["anthropic-ai"])
            let (old, new) = (try server.requests()[0], try server.requests()[1])

            #expect(old.values(of: "anthropic-version") == ["2023-06-01"])
            #expect(old.values(of: "x-api-key") == [Asker.key] && old.values(of: "authorization") == [])
            #expect(new.values(of: "anthropic-version") == ["2026-10-21"])
            #expect(new.values(of: "x-api-key") == [] && new.values(of: "authorization") == ["Bearer \(Asker.key)"])
            #expect(old.values(of: "expect") == [] && !old.body.contains("temperature"))
            #expect(old.path == "/v1/messages")
        }
    }

    // Cases: ai 7
    @Test(arguments: ["soon", "-3", ""])
    func `an invalid Retry-After is ignored`(word: String) throws {
        try Self.withServer { (_, asker) throws in
            let request = CompletionRequest(Asker.prompt(), model: "fault:retry-after:\(word)*1")
            // The shortest cool-down of one second still applies, and the retry waits for it.
            #expect(try asker.ask(request, of: ["openai"]).attempts.map(\.code) == [.rateLimited, nil])
        }
    }

    // Cases: ai 33, 40; breaker 70
    @Test func `a timeout of the provider is retried once`() throws {
        let limits = ["NOFX_BREAKER_TIMEOUT_MS": "300", "NOFX_RETRY_BASE_MS": "5", "NOFX_RETRY_CAP_MS": "20"]
        try Self.withServer(limits) { server, asker in
            let error = try asker.failure(CompletionRequest(Asker.prompt(), model: "fault:silent"), of: ["openai"])
            #expect(error?.code == .timeout)
            #expect(error?.attempts.count == 2)
            let dripping = try asker.failure(
                CompletionRequest(Asker.prompt(), model: "fault:drip"),
                of: ["anthropic-ai"]
            )
            #expect(dripping?.code == .timeout)
            #expect(try asker.breaker("anthropic-ai").failures >= 1)
        }
    }

    // Cases: ai 39
    @Test func `a provider that falls silent within an answer times out before the call's deadline`() throws {
        try Self.withServer(["NOFX_AI_IDLE_MS": "300", "NOFX_RETRY_MAX": "0"]) { _, asker in
            let error = try asker.failure(CompletionRequest(Asker.prompt(), model: "fault:stall-mid"), of: ["openai"])
            #expect(error?.code == .timeout)
            #expect(error?.attempts.count == 1)
        }
    }

    // Cases: ai 34
    @Test func `a slow answer within the deadline is accepted`() throws {
        try Self.withServer { (_, asker) throws in
            let request = CompletionRequest(Asker.prompt(), model: "fault:slow:200")
            #expect(try asker.ask(request, of: ["openai"]).completion.text == FaultServer.text)
        }
    }

    // Cases: breaker 71
    @Test func `a call's own deadline does not count as a failure of the provider`() throws {
        try Self.withServer { server, asker in
            let request = CompletionRequest(Asker.prompt(), model: "fault:silent")
            let error = try asker.failure(request, of: ["openai"], deadline: .after(.seconds(3)))

            #expect(error?.code == .timeout)
            #expect(error?.attempts.count == 1)
            #expect(try asker.breaker() == ("closed", 0, 0))
            #expect(try server.requests().count == 1)
        }
    }

    @Test func `a provider may wait longer before its answer than within it`() throws {
        try Self.withServer(["NOFX_AI_IDLE_MS": "50", "NOFX_RETRY_MAX": "0"]) { (_, asker) throws in
            let request = CompletionRequest(Asker.prompt(), model: "fault:slow:500")
            #expect(try asker.ask(request, of: ["openai"]).completion.text == FaultServer.text)
        }
    }

    @Test func `after a rate limit the call itself waits as long as all other calls`() throws {
        try Self.withServer(["NOFX_RETRY_MAX": "1", "NOFX_RETRY_BASE_MS": "5", "NOFX_RETRY_CAP_MS": "5"]) {
            server,
            asker in
            let headers = [
                (name: "x-ratelimit-limit-requests", value: "2"), (name: "x-ratelimit-remaining-requests", value: "0"),
                (name: "x-ratelimit-reset-requests", value: "1500ms"),
            ]
            try server.answer("window", status: 429, headers: headers, body: #"{"error":{"type":"requests"}}"#)
            let error = try asker.failure(CompletionRequest(Asker.prompt(), model: "fault:window"), of: ["openai"])

            // The one retry reaches the provider, because it waited for the whole cool-down.
            #expect(error?.attempts.map(\.status) == [429, 429])
            #expect(try server.gaps().allSatisfy { $0 >= 1.5 })
        }
    }

    // Cases: ai 35; breaker 58
    @Test func `a refused connection, an unknown host and an untrusted certificate are errors`() throws {
        let database = try TestDatabase()
        let quick = ["NOFX_RETRY_MAX": "1", "NOFX_RETRY_BASE_MS": "5", "NOFX_RETRY_CAP_MS": "20"]
        let refused = Asker(database, anthropic: "http://127.0.0.1:1", openAI: "http://no.such.invalid/v1", quick)
        #expect(try refused.failure(CompletionRequest(Asker.prompt()), of: ["anthropic-ai"])?.code == .unreachable)
        #expect(try refused.failure(CompletionRequest(Asker.prompt()), of: ["openai"])?.code == .unreachable)
        #expect(try refused.breaker("anthropic-ai").failures == 2)
        try FaultServer.run(certificate: "good") { server in
            let asker = Asker(try TestDatabase(), openAI: server.openAI, quick)
            let error = try #require(try asker.failure(CompletionRequest(Asker.prompt()), of: ["openai"]))
            #expect(error.code == .tlsError)
            #expect(error.attempts.count == 1)
            #expect(try asker.breaker().failures == 1)
        }
    }

    // Cases: ai 70
    @Test func `a recovered provider is used again after two successful probes`() throws {
        let database = try TestDatabase()
        var asker = Asker(database, openAI: "http://127.0.0.1:1/v1", ["NOFX_RETRY_MAX": "0"])
        for _ in 0..<5 { _ = try asker.failure(CompletionRequest(Asker.prompt())) }
        #expect(try asker.breaker().state == "open")
        try FaultServer.run { server in
            asker.variables["OPENAI_BASE_URL"] = server.openAI
            #expect(try asker.failure(CompletionRequest(Asker.prompt()))?.code == .circuitOpen)
            try database.rows("UPDATE nofx.circuit_breakers SET open_until = clock_timestamp() WHERE name = 'openai'")
            for _ in 0..<2 { #expect(try asker.ask(CompletionRequest(Asker.prompt())).attempts.count == 1) }
        }
        #expect(try asker.breaker().state == "closed")
    }
}
