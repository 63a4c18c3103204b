import Base
import Core
import TestSupport
import Testing

@testable import AI

/// The model's reasoning is kept, and never part of the answer.
@Suite struct ReasoningTests {
    /// An answer of Chat Completions with these members in its message.
    private func chat(_ members: String) throws -> Completion {
        try TestProviders.chat().read(
            #"{"choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant",\#(members)}}]}"#
        )
    }

    @Test(arguments: [
        #""content":"yes","reasoning_content":"hm""#, #""content":"yes","reasoning":"hm""#,
        #""content":"yes","reasoning_content":"","reasoning":"hm""#,
        #""content":"yes","reasoning":"hm","reasoning_details":[{"type":"reasoning.text","text":"hm"}]"#,
        #""content":"yes","reasoning":null,"reasoning_details":[{"type":"reasoning.summary","summary":"hm"}]"#,
        #""content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"yes"}]"#,
        #""content":[{"type":"reasoning","text":"hm"},{"type":"text","text":"yes"}]"#,
    ])
    func `every dialect of Chat Completions has its reasoning apart, whole and streamed`(members: String) throws {
        let answer = try chat(members)
        #expect((answer.text, answer.reasoning) == ("yes", "hm"))
        var stream = try TestProviders.chat().makeStream()
        let pieces = try feed(
            [
                #"{"choices":[{"index":0,"delta":{\#(members)}}]}"#,
                #"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
            ],
            to: &stream
        )
        #expect(pieces == ["yes"])
        #expect(try (stream.finish().text, stream.finish().reasoning) == ("yes", "hm"))
    }

    @Test func `an answer without reasoning has none`() throws {
        #expect(try chat(#""content":"<think>hm</think>yes""#).reasoning == nil)
        #expect(try chat(#""content":"<think>hm</think>yes""#).text == "<think>hm</think>yes")
        #expect(try chat(#""content":"yes","reasoning_content":null"#).reasoning == nil)
    }

    @Test func `reasoning without an answer is an empty answer`() throws {
        let answer = try chat(#""content":null,"reasoning_content":"hm""#)
        let provider = try TestProviders.chat()
        #expect(answer.text.isEmpty)
        #expect(failure { () throws(AIError) in try provider.accept(answer) }?.code == .empty)
    }

    @Test func `several blocks of thinking are paragraphs, and those that are redacted are left out`() throws {
        let answer = try TestProviders.anthropic().read(
            #"""
            {"content":[{"type":"thinking","thinking":"a","signature":"s"},{"type":"redacted_thinking","data":"x"},
             {"type":"text","text":"yes"},{"type":"thinking","thinking":"b"}],"stop_reason":"end_turn"}
            """#
        )
        #expect((answer.text, answer.reasoning) == ("yes", "a\n\nb"))
    }

    @Test func `long reasoning is cut at a character, and says so`() throws {
        let long = String(repeating: "日", count: 30_000)
        let reasoning = try #require(try chat(#""content":"yes","reasoning":"\#(long)""#).reasoning)
        #expect(reasoning.utf8.count <= 64 << 10)
        #expect(reasoning.hasSuffix("日…"))
    }

    @Test(arguments: [("anthropic-ai", "chat"), ("openai", "chat"), ("openai", "responses")])
    func `a call keeps the reasoning, whole and streamed`(provider: String, wire: String) throws {
        let database = try TestDatabase()
        try FaultServer.run { server in
            let asker = Asker(database, anthropic: server.url, openAI: server.openAI, ["OPENAI_WIRE": wire])
            let request = CompletionRequest(Asker.prompt(), model: "fault:thinking")
            let whole = try asker.ask(request, of: [provider])
            var providers = try asker.providers()
            var progress: [AnswerProgress] = []
            let streamed = try providers.call(
                request,
                of: [provider],
                deadline: .test,
                onProgress: { progress.append($0) }
            )
            for completion in [whole.completion, streamed.completion] {
                #expect((completion.text, completion.reasoning) == (FaultServer.text, "First this."))
            }
            #expect(progress.first == .began)
            #expect(progress.count > 2)
        }
    }
}
