import AI
import Base
import Core
import TestSupport
import Testing

/// AI calls with streamed answers.
@Suite struct StreamedCallTests {
    /// OpenAI's two formats and Anthropic's.
    private static let ways = [("anthropic-ai", "chat"), ("openai", "chat"), ("openai", "responses")]

    private func withMock(_ wire: String, body: (LLMock, Asker) throws -> Void) throws {
        let database = try TestDatabase()
        try LLMock.run { mock in
            try body(
                mock,
                Asker(database, anthropic: mock.anthropic, openAI: mock.openAI, ["OPENAI_WIRE": wire])
            )
        }
    }

    /// Makes one call, and returns the pieces too.
    private func stream(
        _ asker: Asker,
        _ provider: String,
        _ request: CompletionRequest = CompletionRequest(Asker.prompt())
    ) throws -> (pieces: [String], result: Result<CallAnswer, AIError>) {
        var providers = try asker.providers()
        var pieces: [String] = []
        do throws(AIError) {
            let answer = try providers.call(request, of: [provider], deadline: .test, onText: { pieces.append($0) })
            return (pieces, .success(answer))
        } catch {
            return (pieces, .failure(error))
        }
    }

    // Cases: ai 43
    @Test(arguments: ways)
    func `a streamed answer equals the whole answer`(provider: String, wire: String) throws {
        try withMock(wire) { mock, asker in
            let reply = #"{"type":"reply","text":"One, two, three, four, five.","times":2}"#
            try mock.scenario(reply)
            let request = CompletionRequest(Asker.prompt())
            let (pieces, result) = try stream(asker, provider, request)
            let streamed = try result.get()
            let whole = try asker.ask(request, of: [provider])

            #expect(pieces.count > 1)
            #expect(pieces.joined() == "One, two, three, four, five.")
            #expect(streamed.completion.text == whole.completion.text)
            #expect(streamed.completion.stopReason.kind == whole.completion.stopReason.kind)
            #expect(streamed.completion.usage?.output == whole.completion.usage?.output)
            #expect(streamed.cost == whole.cost)
            #expect(try mock.verdict().isClean)
        }
    }

    // Cases: ai 44, 45
    @Test(arguments: ways)
    func `a stream that is cut after some text is an error and is not retried`(
        provider: String,
        wire: String
    ) throws {
        for fault in ["truncate", "disconnect", "malformed"] {
            try withMock(wire) { mock, asker in
                try mock.scenario(
                    #"{"type":"reply","text":"One, two, three, four, five."}"#,
                    #"{"type":"stream_fault","kind":"\#(fault)","after_chunks":2,"times":null}"#
                )
                let (pieces, result) = try stream(asker, provider)

                #expect(throws: AIError.self) { try result.get() }
                guard case .failure(let error) = result else { return }
                #expect([.truncated, .connectionLost, .badResponse].contains(error.code))
                #expect(error.hasPartialOutput == !pieces.isEmpty)
                // The verdict would have the call retried after half an answer, but a caller may already have shown
                // that half.
                let verdict = try mock.verdict()
                #expect(verdict.errors.allSatisfy { $0.hasPrefix("truncated_stream_accepted ") })
                #expect(
                    verdict.warnings.allSatisfy { $0.hasPrefix("gave_up ") || $0.hasPrefix("malformed_chunk_ignored ") }
                )
                if !pieces.isEmpty {
                    #expect(try mock.requests().count == 1)
                    #expect(error.attempts.count == 1)
                }
                let model = provider == "openai" ? "openai/gpt-4.1" : "anthropic-ai/claude-haiku-4-5"
                #expect(try asker.breaker(provider).failures + asker.breaker(model).failures >= 1)
            }
        }
    }

    // Cases: ai 48
    @Test(arguments: ways)
    func `a whole answer to a streaming request is accepted`(provider: String, wire: String) throws {
        let database = try TestDatabase()
        try FaultServer.run { server in
            let asker = Asker(database, anthropic: server.url, openAI: server.openAI, ["OPENAI_WIRE": wire])
            let (pieces, result) = try stream(
                asker,
                provider,
                CompletionRequest(Asker.prompt(), model: "fault:sse-plain")
            )

            #expect(pieces == [FaultServer.text])
            #expect(try result.get().completion.text == FaultServer.text)
        }
    }

    @Test func `an invalid answer that was already shown is not retried`() throws {
        try withMock("chat") { mock, asker in
            try mock.scenario(#"{"type":"reply","text":"It is four.","times":4}"#)
            var request = CompletionRequest(Asker.prompt())
            request.schema = try OutputSchema(name: "sum", #"{"type":"object"}"#)
            let (pieces, result) = try stream(asker, "openai", request)

            #expect(pieces.joined() == "It is four.")
            guard case .failure(let error) = result else { return #expect(Bool(false)) }
            #expect(error.code == .schemaMismatch)
            #expect(error.attempts.count == 1)
        }
    }

    // Cases: ai 44
    @Test func `a stream that ends before its first text is retried`() throws {
        try withMock("chat") { mock, asker in
            try mock.scenario(
                #"{"type":"stream_fault","kind":"truncate","after_chunks":0,"times":1}"#,
                #"{"type":"reply","text":"Four.","times":2}"#
            )
            let (pieces, result) = try stream(asker, "openai")

            #expect(pieces.joined() == "Four.")
            #expect(try result.get().attempts.map(\.code) == [.truncated, nil])
            #expect(try mock.verdict().errors == [])
        }
    }

    // Cases: ai 62
    @Test func `a cancelled stream passes on no more text and does not count for the breaker`() throws {
        try withMock("chat") { mock, asker in
            try mock.scenario(#"{"type":"reply","text":"\#(String(repeating: "word ", count: 400))"}"#)
            let cancellation = Cancellation()
            var providers = try asker.providers()
            var pieces = 0
            let error = #expect(throws: AIError.self) {
                try providers.callOpenAI(
                    CompletionRequest(Asker.prompt()),
                    deadline: .test,
                    cancellation: cancellation,
                    onText: { _ in
                        pieces += 1
                        cancellation.cancel()
                    }
                )
            }

            #expect(error?.code == .cancelled)
            #expect(error?.problem.status == 499)
            #expect(pieces == 1)
            #expect(try asker.breaker() == ("closed", 0, 0))
        }
    }
}
