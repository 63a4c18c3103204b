import Base
import Core
import HTTPClient
import Testing

@testable import AI

/// Messages with roles, files and marks for caches, in each format.
@Suite struct MessageTests {
    private typealias Message = CompletionRequest.Message
    private typealias Part = CompletionRequest.Part
    private typealias File = CompletionRequest.File

    private static let image = File(.image, .data(base64: "iVBORw0KGgo=", mediaType: "image/png"))
    private static let link = File(.image, .url("https://example.com/a.png"))
    private static let document = File(
        .document,
        .data(base64: "JVBERi0x", mediaType: "application/pdf"),
        name: "a.pdf"
    )

    /// Instructions, a question with files, an answer and another question.
    private func request(marked: Bool = false) -> CompletionRequest {
        let system = Part(.text("Be brief."), cache: marked ? .oneHour : nil)
        let question = [Part(.text("What?")), Part(.file(Self.image)), Part(.file(Self.link))]
        let document = Part(.file(Self.document), cache: marked ? .fiveMinutes : nil)
        let messages = [
            Message(.system, [system]), Message(.user, question + [document]), Message(.assistant, "Nothing."),
            Message(.user, "Why?"),
        ]
        return CompletionRequest(model: "m-1", messages: messages, maxTokens: 9)
    }

    private func body(_ format: WireFormatName, _ request: CompletionRequest) throws -> String {
        String(decoding: try TestProviders.of(format).request(request).body ?? [], as: UTF8.self)
    }

    private func fault(_ format: WireFormatName, _ change: (inout CompletionRequest) -> Void) throws -> String? {
        var asked = CompletionRequest("Hi")
        change(&asked)
        let (provider, request) = (try TestProviders.of(format), asked)
        let error = failure { () throws(AIError) in try provider.request(request) }
        guard let error else { return nil }
        #expect(error.code == .badRequest && error.status == nil && error.retry == .never)
        return error.problem.detail
    }

    @Test func `Anthropic gets blocks, and marks where they were set`() throws {
        #expect(
            try body(.anthropicMessages, request(marked: true)) == """
                {"model":"m-1","max_tokens":9,"system":[{"type":"text","text":"Be brief.",\
                "cache_control":{"type":"ephemeral","ttl":"1h"}}],"messages":[{"role":"user","content":[\
                {"type":"text","text":"What?"},{"type":"image","source":{"type":"base64","media_type":"image/png",\
                "data":"iVBORw0KGgo="}},{"type":"image","source":{"type":"url","url":"https://example.com/a.png"}},\
                {"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0x"},\
                "title":"a.pdf","cache_control":{"type":"ephemeral"}}]},{"role":"assistant","content":"Nothing."},\
                {"role":"user","content":"Why?"}]}
                """
        )
    }

    @Test func `OpenAI Chat Completions gets parts`() throws {
        #expect(
            try body(.openAIChat, request()) == """
                {"model":"m-1","max_completion_tokens":9,"messages":[{"role":"system","content":"Be brief."},\
                {"role":"user","content":[{"type":"text","text":"What?"},{"type":"image_url","image_url":\
                {"url":"data:image/png;base64,iVBORw0KGgo="}},{"type":"image_url","image_url":\
                {"url":"https://example.com/a.png"}},{"type":"file","file":{"filename":"a.pdf",\
                "file_data":"data:application/pdf;base64,JVBERi0x"}}]},{"role":"assistant","content":"Nothing."},\
                {"role":"user","content":"Why?"}]}
                """
        )
    }

    @Test func `OpenAI Responses gets parts under its own names`() throws {
        #expect(
            try body(.openAIResponses, request()) == """
                {"model":"m-1","max_output_tokens":9,"instructions":"Be brief.","input":[\
                {"role":"user","content":[{"type":"input_text","text":"What?"},{"type":"input_image",\
                "image_url":"data:image/png;base64,iVBORw0KGgo="},{"type":"input_image",\
                "image_url":"https://example.com/a.png"},{"type":"input_file","filename":"a.pdf",\
                "file_data":"data:application/pdf;base64,JVBERi0x"}]},{"role":"assistant","content":"Nothing."},\
                {"role":"user","content":"Why?"}],"store":false}
                """
        )
    }

    @Test(arguments: [WireFormatName.openAIChat, .openAIResponses])
    func `OpenAI gets the same cache key for the same beginning only`(format: WireFormatName) throws {
        func key(_ change: (inout CompletionRequest) -> Void) throws -> String? {
            var asked = request(marked: true)
            change(&asked)
            let provider = try TestProviders.of(format)
            return try JSONDocument(parsing: provider.request(asked).body ?? []).root["prompt_cache_key"]?.string
        }
        let known = try #require(try key { _ in })
        #expect(known.utf8.count == 32)
        #expect(try key { $0.messages[3] = Message(.user, "And now?") } == known)
        #expect(try key { $0.messages[0] = Message(.system, "Be long.") } != known)
        #expect(try key { for index in $0.messages.indices { $0.messages[index] = Message(.user, "x") } } == nil)
    }

    @Test func `thinking is asked for by a budget or an effort`() throws {
        var request = CompletionRequest("Hi", model: "m-1", maxTokens: 4_096)
        request.thinkingTokens = 2_048
        #expect(try body(.anthropicMessages, request).contains(#""thinking":{"type":"enabled","budget_tokens":2048}"#))
        request.thinkingTokens = nil
        request.effort = .high
        #expect(try body(.openAIResponses, request).contains(#""reasoning":{"effort":"high"}"#))
    }

    @Test func `what a format cannot express is refused before it is sent`() throws {
        let long: (inout CompletionRequest) -> Void = { $0.stopSequences = ["1", "2", "3", "4", "5"] }
        #expect(try fault(.openAIChat, long)?.contains("at most 4 stop sequences") == true)
        #expect(try fault(.openAIResponses, long)?.contains("no stop sequences") == true)
        #expect(try fault(.anthropicMessages, long) == nil)
        #expect(try fault(.anthropicMessages) { $0.stopSequences = ["\n"] }?.contains("white space") == true)
        #expect(try fault(.openAIChat) { $0.stopSequences = ["\n"] } == nil)
        for format in [WireFormatName.openAIChat, .openAIResponses] {
            #expect(try fault(format) { $0.thinkingTokens = 1_024 }?.contains("set an effort") == true)
            #expect(try fault(format) { $0.temperature = 1.5 } == nil)
        }
        #expect(try fault(.anthropicMessages) { $0.temperature = 1.5 }?.contains("temperature above 1") == true)
        #expect(try fault(.anthropicMessages) { $0.effort = .init(rawValue: "minimal") }?.contains("minimal") == true)
        #expect(try fault(.anthropicMessages) { $0.thinkingTokens = 4_096 }?.contains("more tokens") == true)
        let linked = Message(.user, [Part(.file(File(.document, .url("https://example.com/a.pdf"))))])
        #expect(try fault(.openAIChat) { $0.messages = [linked] }?.contains("documents by URL") == true)
        #expect(try fault(.openAIResponses) { $0.messages = [linked] } == nil)
        for format in WireFormatName.allCases {
            let picture = Message(.assistant, [Part(.file(Self.image))])
            #expect(try fault(format) { $0.messages.append(picture) }?.contains("messages of the user") == true)
            #expect(try fault(format) { $0.messages.append(Message(.system, "x")) }?.contains("system") == true)
            #expect(try fault(format) { $0.messages = [Message(.system, "x")] }?.contains("no messages") == true)
            #expect(try fault(format) { $0.messages[0].parts = [] }?.contains("no content") == true)
        }
    }

    @Test func `files count for the estimate of a prompt`() throws {
        #expect(CompletionRequest("Hi").byteCount == 2)
        #expect(request().byteCount > 20_000)
    }
}
