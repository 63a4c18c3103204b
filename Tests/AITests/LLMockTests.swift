import Base
import HTTPClient
import TestSupport
import Testing

/// The properties of the third-party simulator on which other tests rely.
struct LLMockTests {
    /// Asks a question in one of the two formats; each call has its own prompt.
    private func ask(_ url: String, _ prompt: String, isStream: Bool = false) throws -> HTTPResponse {
        var client = HTTPClient(userAgent: "tests/1")
        let body =
            #"{"model":"m","max_tokens":100,"stream":\#(isStream),"messages":[{"role":"user","content":"\#(prompt)"}]}"#
        let request = HTTPRequest(
            .post,
            url,
            headers: [("Content-Type", "application/json"), ("Authorization", "Bearer k"), ("x-api-key", "k")],
            body: Array(body.utf8),
            usesProxy: false
        )
        return try client.send(request, deadline: .test)
    }

    @Test func `both formats answer as the scenario says, and the journal records the requests`() throws {
        try LLMock.run { (server) throws in
            try server.scenario(#"{"type":"reply","text":"four"}"#, #"{"type":"reply","text":"five"}"#)
            let message = try ask("\(server.anthropic)/v1/messages", "2 + 2?")
            let chat = try ask("\(server.openAI)/chat/completions", "2 + 3?")

            let text = try JSONDocument(parsing: message.body).root["content"]?.elements.map { $0["text"]?.string }
            #expect(text == ["four"])
            let choices = try JSONDocument(parsing: chat.body).root["choices"]?.elements.map {
                $0["message"]?["content"]?.string
            }
            #expect(choices == ["five"])
            let requests = try server.requests()
            #expect(requests.map { $0["path"]?.string } == ["/anthropic/v1/messages", "/v1/chat/completions"])
            #expect(requests.map { $0["status"]?.integer } == [200, 200])
            #expect(try server.verdict().isClean)
        }
    }

    @Test func `the verdict reports a client that retries permanent errors, and a reset clears it`()
        throws
    {
        try LLMock.run { (server) throws in
            try server.scenario(#"{"type":"fail","status":401,"times":2}"#)
            for _ in 0..<2 { #expect(try ask("\(server.openAI)/chat/completions", "again?").status == 401) }

            let verdict = try server.verdict()
            #expect(verdict.calls == 1)
            #expect(verdict.attempts == 2)
            #expect(verdict.errors == ["retried_non_retryable POST /v1/chat/completions"])
            #expect(!verdict.isClean)

            try server.reset()
            #expect(try server.requests().isEmpty)
            #expect(try server.verdict().isClean)
        }
    }

    @Test func `the limit of requests per minute can be set`() throws {
        try LLMock.run("LLMOCK_RPM=1") { (server) throws in
            #expect(try ask("\(server.openAI)/chat/completions", "first?").status == 200)
            let second = try ask("\(server.openAI)/chat/completions", "second?")

            #expect(second.status == 429)
            #expect(second.header("x-ratelimit-remaining-requests") == "0")
        }
    }

    @Test func `an unknown scenario is rejected`() throws {
        try LLMock.run { (server) throws in
            let error = #expect(throws: LLMock.Refused.self) { try server.scenario(#"{"type":"explode"}"#) }
            #expect(error?.status == 400)
        }
    }
}
