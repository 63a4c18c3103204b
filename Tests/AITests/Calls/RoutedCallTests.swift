import AI
import Base
import Core
import Postgres
import System
import TestSupport
import Testing

/// Calls of several providers by lists of models and routes.
@Suite struct RoutedCallTests {
    private static let tooLong =
        #"{"error":{"message":"too long","type":"invalid_request_error","code":"context_length_exceeded"}}"#

    /// Runs the body with providers `a`, `b` and `c` at one server.
    private func withProviders(
        _ routes: String = "[]",
        body: (FaultServer, Asker) throws -> Void
    ) throws {
        let database = try TestDatabase()
        try FaultServer.run { server in
            let list = ["a", "b", "c"].map {
                #"{"name":"\#($0)","wire":"chat","baseUrl":"\#(server.openAI)","keys":"KEY_\#($0.uppercased())","model":"m-\#($0)"}"#
            }
            let variables = [
                "NOFX_PROVIDERS": "[\(list.joined(separator: ","))]", "NOFX_ROUTES": routes, "KEY_A": "sk-a-0123456789",
                "KEY_B": "sk-b-0123456789", "KEY_C": "sk-c-0123456789", "NOFX_RETRY_MAX": "0",
            ]
            try server.answer("too-long", status: 400, body: Self.tooLong)
            try body(server, Asker(database, variables))
        }
    }

    private func ask(_ asker: Asker, _ choice: ModelChoice) throws -> CallAnswer {
        var client = try asker.providers()
        let candidates = try client.candidates(for: choice)
        return try client.call(CompletionRequest(Asker.prompt()), trying: candidates, deadline: .test)
    }

    private func trail(_ answer: CallAnswer) -> [String] {
        answer.attempts.map { "\($0.provider)/\($0.model) \($0.code?.rawValue ?? "ok")" }
    }

    @Test func `a prompt that is too long goes to the model for long prompts`() throws {
        let routes = #"""
            [{"name": "fast", "models": [{"provider": "a", "model": "fault:too-long"}],
              "fallbacks": [{"provider": "b"}, {"provider": "c", "model": "long", "when": ["ai_context_too_long"]}]}]
            """#
        try withProviders(routes) { server, asker in
            let answer = try ask(asker, .route("fast"))
            #expect(trail(answer) == ["a/fault:too-long ai_context_too_long", "c/long ok"])
            #expect(answer.provider == "c" && answer.usedFallback)
            // Each provider gets its own key.
            let keys = try server.requests().map { $0.values(of: "authorization") }
            #expect(keys == [["Bearer sk-a-0123456789"], ["Bearer sk-c-0123456789"]])
            let line = try #require(asker.lines.containing("ai.provider_given_up").first)
            #expect(line.contains(#""next":"c/long""#))
        }
    }

    @Test func `a route falls back by cause, and otherwise in its order`() throws {
        let routes = #"""
            [{"name": "fast", "models": [{"provider": "a", "model": "fault:status:529"}],
              "fallbacks": [{"provider": "c", "when": ["ai_rate_limited"]}, {"provider": "b", "model": "fault:status:429"}]}]
            """#
        try withProviders(routes) { _, asker in
            let answer = try ask(asker, .route("fast"))
            #expect(
                trail(answer) == ["a/fault:status:529 ai_overloaded", "b/fault:status:429 ai_rate_limited", "c/m-c ok"]
            )
        }
    }

    @Test func `models of a list are tried in order, also two of one provider`() throws {
        try withProviders { _, asker in
            let answer = try ask(asker, .models([("b", "fault:status:404"), ("b", "fault:too-long"), ("b", nil)]))
            #expect(
                trail(answer)
                    == ["b/fault:status:404 ai_model_not_found", "b/fault:too-long ai_context_too_long", "b/m-b ok"]
            )
            #expect(answer.usedFallback)
            let usage = try asker.database.rows(
                "SELECT provider, requested_model FROM nofx.ai_attempts ORDER BY attempt"
            )
            #expect(try (0..<usage.count).map { try usage[$0]["provider"] as String } == ["b", "b", "b"])
        }
    }

    @Test func `a server that verifies signatures takes the signed requests of Amazon Bedrock`() throws {
        let database = try TestDatabase()
        let (secret, token) = ("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "token+/=")
        let arguments = ["AKIDEXAMPLE", secret, token, "us-west-2", "bedrock"]
        try PythonServer.run("signed_model_server.py", arguments, by: .cloud) { server in
            let url = "http://127.0.0.1:\(server.port)/openai/v1"
            let entry =
                #"{"preset":"bedrock","auth":"aws","region":"us-west-2","baseUrl":"\#(url)","query":{"b":"1/2","a":"x"}}"#
            var asker = Asker(
                database,
                [
                    "NOFX_PROVIDERS": "[\(entry)]", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": secret,
                    "AWS_SESSION_TOKEN": token, "NOFX_RETRY_MAX": "0",
                ]
            )
            let question = CompletionRequest(Asker.prompt(), model: "us.openai.gpt-6-sol-v1:0")
            let answer = try asker.ask(question, of: ["bedrock"])
            #expect(answer.completion.text == "signed")
            asker.variables["AWS_SECRET_ACCESS_KEY"] = "another-secret"
            let error = try asker.failure(question, of: ["bedrock"])
            #expect(error?.status == 403)
        }
    }

    @Test func `a provider's own breaker policy applies to it alone`() throws {
        try withProviders { server, asker in
            var own = asker
            let list = ["a", "b"].map { name in
                let breaker = name == "a" ? #","breaker":{"failureThreshold":1}"# : ""
                return
                    #"{"name":"\#(name)","wire":"chat","baseUrl":"\#(server.openAI)","model":"fault:status:503"\#(breaker)}"#
            }
            own.variables["NOFX_PROVIDERS"] = "[\(list.joined(separator: ","))]"
            _ = try own.failure(CompletionRequest(Asker.prompt()), of: ["a"])
            _ = try own.failure(CompletionRequest(Asker.prompt()), of: ["b"])
            #expect(try own.breaker("a").state == "open")
            #expect(try own.breaker("b").state == "closed")
        }
    }
}
