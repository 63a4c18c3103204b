import AI
import Base
import Core
import Postgres
import TestSupport
import Testing

/// Which calls a failure, a limit or a refusal closes: those of its provider, its key or its model.
@Suite struct GateTests {
    private static let once = ["NOFX_RETRY_MAX": "0"]

    private func withServer(body: (FaultServer, Asker) throws -> Void) throws {
        let database = try TestDatabase()
        try FaultServer.run { server in
            try body(server, Asker(database, openAI: server.openAI, Self.once))
        }
    }

    private func failure(
        _ asker: Asker,
        _ model: String?,
        for team: UUID? = nil
    ) throws -> AIError.Code? {
        try asker.failure(CompletionRequest(Asker.prompt(), model: model), of: ["openai"], for: team)?.code
    }

    @Test func `a broken model is closed for all, and its neighbours are not`() throws {
        try withServer { (server, asker) throws in
            let (team, other) = (UUID.v7(), UUID.v7())
            for _ in 0..<5 { #expect(try failure(asker, "fault:status:500", for: team) == .upstreamError) }
            #expect(try failure(asker, "fault:status:500", for: other) == .circuitOpen)
            #expect(try server.requests().count == 5)
            #expect(try failure(asker, nil, for: other) == nil)
            #expect(try asker.breaker() == ("closed", 0, 0))
            #expect(try asker.breaker("openai/fault:status:500").state == "open")
        }
    }

    @Test func `a team with many broken models cannot close the provider for others`() throws {
        try withServer { (server, asker) throws in
            let team = UUID.v7()
            for number in 1...12 {
                try server.answer("own-\(number)", status: 500)
                #expect(try failure(asker, "fault:own-\(number)", for: team) == .upstreamError)
            }
            #expect(try asker.breaker() == ("closed", 0, 0))
            #expect(try failure(asker, nil, for: .v7()) == nil)
        }
    }

    @Test func `models that are broken for several teams close the provider`() throws {
        try withServer { (server, asker) throws in
            let teams = [UUID.v7(), .v7()]
            for number in 0..<6 {
                try server.answer("of-\(number % 2)", status: 500)
                _ = try failure(asker, "fault:of-\(number % 2)", for: teams[number % 2])
            }
            #expect(try asker.breaker().state == "open")
            #expect(try failure(asker, nil, for: .v7()) == .circuitOpen)
        }
    }

    @Test(arguments: ["status:502", "status:503", "status:504", "status:529", "close-early", "status:522"])
    func `a host that is down closes the provider`(fault: String) throws {
        try withServer { (server, asker) throws in
            for _ in 0..<5 { _ = try failure(asker, "fault:\(fault)") }
            #expect(try asker.breaker().state == "open")
            #expect(try asker.breaker("openai/fault:\(fault)").state == "missing")
            #expect(try failure(asker, nil) == .circuitOpen)
            #expect(try server.requests().count == 5)
        }
    }

    @Test func `a rate limit of one model delays no other model`() throws {
        try withServer { (server, asker) throws in
            try server.answer("limited", status: 429, headers: [("Retry-After", "1800")])
            #expect(try failure(asker, "fault:limited") == .rateLimited)
            let rejected = try asker.failure(CompletionRequest(Asker.prompt(), model: "fault:limited"))
            #expect(rejected?.code == .rateLimited && (1...1_800).contains(rejected?.problem.retryAfter ?? 0))
            #expect(rejected?.closedProviders == [])
            #expect(try failure(asker, nil) == nil)
            #expect(try server.requests().count == 2)
        }
    }

    @Test func `money closes the key, and a new key lifts that`() throws {
        try withServer { (server, asker) throws in
            try server.answer("poor", status: 402)
            #expect(try failure(asker, "fault:poor") == .quotaExhausted)
            #expect(try failure(asker, nil) == .quotaExhausted)
            var other = asker
            other.variables["OPENAI_API_KEY"] = "sk-another"
            #expect(try failure(other, nil) == nil)
            #expect(try asker.breaker() == ("closed", 0, 0))
        }
    }

    @Test(arguments: [
        (401, ""), (401, #"{"error":{"code":"invalid_api_key"}}"#), (403, #"{"error":{"code":"invalid_api_key"}}"#),
        (403, #"{"error":{"type":"permission_error","message":"Your API key does not have permission to use it."}}"#),
        (400, #"[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key."}}]"#),
        (400, #"{"code":"Client specified an invalid argument","error":"Incorrect API key provided: xa***."}"#),
    ])
    func `a refused key is closed for all until an operator resets it or another key comes`(
        status: Int,
        body: String
    ) throws {
        try withServer { (server, asker) throws in
            try server.answer("refused", status: status, body: body)
            let error = try asker.failure(CompletionRequest(Asker.prompt(), model: "fault:refused"))
            #expect(error?.code == .authFailed && error?.closedProviders == ["openai"])
            let rejected = try asker.failure(CompletionRequest(Asker.prompt()))
            #expect(rejected?.code == .authFailed && rejected?.status == nil)
            #expect(rejected?.closedProviders == ["openai"])
            #expect(try server.requests().count == 1)
            #expect(asker.lines.containing("breaker.refused").count == 1)
            let name = try asker.database.value(
                "SELECT name FROM nofx.circuit_breakers WHERE state = 'refused'",
                as: String.self
            )
            #expect(name.hasPrefix("openai@") && name.utf8.count == 15)
            var other = asker
            other.variables["OPENAI_API_KEY"] = "sk-another"
            #expect(try failure(other, nil) == nil)
            try asker.database.rows("SELECT nofx.circuit_set(\(name), 'reset')")
            #expect(try failure(asker, nil) == nil)
        }
    }

    @Test(arguments: [
        (403, #"{"error":{"type":"permission_error","message":"Model m is not available to you."}}"#),
        (403, #"{"error":{"code":"unsupported_country_region_territory"}}"#), (403, "<html>Blocked</html>"),
        (401, #"{"error":{"type":"key_model_access_denied","message":"no","code":"401"}}"#),
        (403, #"{"error":{"message":"I quote: Your API key does not have permission"}}"#),
    ])
    func `an error about a model, a region or a request closes nothing`(status: Int, body: String) throws {
        try withServer { (server, asker) throws in
            try server.answer("forbidden", status: status, body: body)
            #expect(try failure(asker, "fault:forbidden") == .forbidden)
            #expect(try failure(asker, "fault:forbidden") == .forbidden)
            #expect(try failure(asker, nil) == nil)
        }
    }

    @Test func `a gateway's lost key of one model closes that model only`() throws {
        try withServer { (server, asker) throws in
            let message = "litellm.AuthenticationError: OpenAIException - Incorrect API key provided"
            try server.answer("lost", status: 401, body: #"{"error":{"message":"\#(message)","code":"401"}}"#)
            #expect(try failure(asker, "fault:lost") == .authFailed)
            let rejected = try asker.failure(CompletionRequest(Asker.prompt(), model: "fault:lost"))
            #expect(rejected?.code == .authFailed && rejected?.closedProviders == [])
            #expect(try failure(asker, nil) == nil)
            #expect(try server.requests().count == 2)
        }
    }

    @Test(arguments: [
        "Qwen/Qwen2.5-7B", "llama3:8b", "MODEL", "a b", "ü", "\"quoted'", String(repeating: "m", count: 150), "~x",
        "-m",
        "a\tb",
    ])
    func `every model name has a breaker of its own`(model: String) throws {
        try withServer { (server, asker) throws in
            var broken = asker
            broken.variables["OPENAI_BASE_URL"] = "\(server.url)/fault/status:500"
            for _ in 0..<5 { #expect(try failure(broken, model) == .upstreamError) }
            #expect(try failure(asker, model) == .circuitOpen)
            for other in [model + "x", "x" + model, model.uppercased() + "y"] {
                #expect(try failure(asker, other) == nil)
            }
            #expect(
                try asker.database.value(
                    "SELECT count(*) FROM nofx.circuit_breakers WHERE starts_with(name, 'openai/')"
                ) == 1
            )
        }
    }

    @Test func `a healthy call reads once and writes no breaker`() throws {
        try withServer { (_, asker) throws in
            let before = try asker.database.value(
                "SELECT md5(string_agg(b::text || b.xmin::text, ',' ORDER BY name)) FROM nofx.circuit_breakers b",
                as: String.self
            )
            for model in [nil, "new-model"] { #expect(try failure(asker, model, for: .v7()) == nil) }
            let after = try asker.database.value(
                "SELECT md5(string_agg(b::text || b.xmin::text, ',' ORDER BY name)) FROM nofx.circuit_breakers b",
                as: String.self
            )
            #expect(before == after)
        }
    }
}
