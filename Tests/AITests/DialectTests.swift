import Base
import Testing

@testable import AI
@testable import HTTPClient

/// What servers other than OpenAI and Anthropic say in the same formats.
@Suite struct DialectTests {
    private func chat(_ reason: String, _ text: String = "half") throws -> Provider.Judged {
        try TestProviders.chat().judged(
            #"{"choices": [{"index": 0, "message": {"content": "\#(text)"}, "finish_reason": \#(reason)}]}"#
        )
    }

    @Test(arguments: ["error", "network_error", "insufficient_system_resource", "abort", "ERROR", "cancelled"])
    func `a word of failure is no success`(word: String) throws {
        let error = try #require(try chat(#""\#(word)""#).error)
        #expect(error.code == .truncated && error.retry == .yes && error.tryNextProvider)
        #expect(try chat(#""\#(word)""#, "").error?.code == .upstreamError)
    }

    @Test(arguments: ["length", "MAX_TOKENS", "max_output_tokens", "model_length"])
    func `a word of length is the length stop`(word: String) throws {
        #expect(try chat(#""\#(word)""#).completion?.isTruncated == true)
    }

    @Test(arguments: ["SAFETY", "content_filter", "sensitive", "RECITATION", "PROHIBITED_CONTENT", "refusal"])
    func `a word of safety is a refusal`(word: String) throws {
        #expect(try chat(#""\#(word)""#).error?.code == .refused)
    }

    @Test(arguments: [#""something_new""#, "null", #""""#])
    func `an unknown word keeps the text, and without a text the answer is empty`(word: String) throws {
        let completion = try #require(try chat(word).completion)
        #expect(completion.text == "half" && completion.stopReason.kind == .other)
        #expect(try chat(word, "").error?.code == .empty)
    }

    @Test(arguments: ["stop", "STOP", "end_turn", "eos", "COMPLETE"])
    func `a word of completion is the end`(word: String) throws {
        #expect(try chat(#""\#(word)""#).completion?.stopReason.kind == .finished)
        #expect(try chat(#""\#(word)""#, "").error?.code == .empty)
    }

    @Test(arguments: [
        #"{"choices": [{"message": {"content": "a\u0000b"}, "finish_reason": "stop"}]}"#,
        #"{"choices": [{"message": {"content": "a\ud83db"}, "finish_reason": "stop"}]}"#,
        #"{"choices": [{"message": {"content": "a\ude00b"}, "finish_reason": "stop"}]}"#,
        "{\"choices\": [{\"message\": {\"content\": \"a\u{0}b\"}, \"finish_reason\": \"stop\"}]}",
        "\u{FEFF}{\"choices\": [{\"message\": {\"content\": \"a\u{FFFD}b\"}, \"finish_reason\": \"stop\"}]}",
        #"{"choices": [{"message": {"content": "x", "content": "a\u0000b"}, "finish_reason": "stop"}]}"#,
        #"{"choices": [{"message": {"content": "a\ufffdb"}, "finish_reason": "stop", "logprobs": [NaN, -Infinity]}]}"#,
    ])
    func `an answer is read leniently`(body: String) throws {
        let completion = try TestProviders.chat().read(body)
        #expect(completion.text == "a\u{FFFD}b" && completion.stopReason.kind == .finished)
    }

    @Test func `bytes that are not UTF-8 are replaced in every format`() throws {
        let text: [UInt8] = [0x61, 0xC3, 0x28, 0xED, 0xA0, 0x80, 0xFF, 0x62]
        let bodies: [(WireFormatName, String, String)] = [
            (.openAIChat, #"{"choices":[{"message":{"content":""#, #""},"finish_reason":"stop"}]}"#),
            (.anthropicMessages, #"{"content":[{"type":"text","text":""#, #""}],"stop_reason":"end_turn"}"#),
            (
                .openAIResponses,
                #"{"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":""#,
                #""}]}]}"#
            ),
        ]
        for (format, start, end) in bodies {
            let body = Array(start.utf8) + text + Array(end.utf8)
            let response = HTTPResponse(HTTPHead(status: 200, headers: []), body: body)
            let answer = try TestProviders.of(format).completion(from: response)
            #expect(answer.text.hasPrefix("a\u{FFFD}(\u{FFFD}") && answer.text.hasSuffix("\u{FFFD}b"), "\(format)")
        }
    }

    @Test(arguments: [
        #""error": {}"#, #""error": {"message": "", "code": null, "type": ""}"#, #""error": null"#, #""error": """#,
        #""error": {"code": 0, "details": []}"#,
    ])
    func `an error without contents beside an answer is no error`(error: String) throws {
        let body = #"{\#(error), "choices": [{"message": {"content": "a"}, "finish_reason": "stop"}]}"#
        #expect(try TestProviders.chat().read(body).text == "a")
    }

    @Test func `reasoning parts are not text`() throws {
        let body = #"""
            {"choices": [{"message": {"content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "reasoning", "text": "hm"},
                {"type": "text", "text": "yes"}]}, "finish_reason": "stop"}]}
            """#
        #expect(try TestProviders.chat().read(body).text == "yes")
    }

    @Test func `an answer without choices has its reason beside them`() throws {
        let chat = try TestProviders.chat()
        #expect(
            try chat.judged(#"{"choices": [], "promptFeedback": {"blockReason": "SAFETY"}}"#).error?.code == .refused
        )
        #expect(try chat.judged(#"{"choices": [], "finish_reason": "error"}"#).error?.code == .upstreamError)
        let empty = try chat.judged(#"{"choices": []}"#).error
        #expect(empty?.code == .empty && empty?.breaker == .neutral)
    }

    @Test(arguments: [
        // DeepSeek
        (
            #"{"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, "prompt_cache_hit_tokens": 4}"#,
            TokenUsage(input: 6, output: 5, cacheRead: 4)
        ),
        // Moonshot
        (
            #"{"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, "cached_tokens": 4}"#,
            TokenUsage(input: 6, output: 5, cacheRead: 4)
        ),
        // xAI and Gemini
        (
            #"{"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 22}"#,
            TokenUsage(input: 10, output: 12, reasoning: 7)
        ),
        (#"{"prompt_tokens": 10.0, "completion_tokens": 5.0}"#, TokenUsage(input: 10, output: 5)),
        (#"{"prompt_tokens": 1e1, "completion_tokens": null}"#, TokenUsage(input: 10)),
    ])
    func `the usage of other servers is counted`(usage: String, tokens: TokenUsage) throws {
        let body = #"{"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}], "usage": \#(usage)}"#
        #expect(try TestProviders.chat().read(body).usage == tokens)
    }

    @Test(arguments: [
        #""x_groq": {"usage": {"prompt_tokens": 10, "completion_tokens": 5}}, "choices": []"#,
        #""choices": [{"delta": {}, "usage": {"prompt_tokens": 10, "completion_tokens": 5}}]"#,
    ])
    func `the usage of a stream is found where Groq and Moonshot put it`(members: String) throws {
        var stream = try TestProviders.chat().makeStream()
        _ = try feed(
            [#"{"choices": [{"delta": {"content": "a"}, "finish_reason": "stop"}]}"#, "{\(members)}"],
            to: &stream
        )
        #expect(try stream.finish().usage == TokenUsage(input: 10, output: 5))
    }

    @Test func `an error may be the element of an array`() throws {
        let error = try #require(
            try TestProviders.chat().error(429, [], #"[{"error": {"code": 429, "message": "m", "status": "X"}}]"#)
        )
        #expect(error.code == .rateLimited && error.message == "m")
    }

    @Test(arguments: [425, 498]) func `a status that asks for patience is retried`(status: Int) throws {
        let error = try #require(try TestProviders.chat().error(status))
        #expect(error.code == .overloaded && error.retry == .yes && error.tryNextProvider)
    }

    @Test func `an error that is too large keeps its status`()
        throws
    {
        let provider = try TestProviders.chat()
        let huge = provider.error(HTTPError(.tooLarge, "", in: .body(status: 503, bytes: 1)))
        #expect(huge.code == .upstreamError && huge.status == 503 && huge.breaker == .failure)
        let long = provider.error(HTTPError(.tooLarge, "", in: .body(status: 200, bytes: 1)))
        #expect(long.code == .badResponse && long.status == nil)
    }

    @Test func `a whole stream is read under any content type`() throws {
        let stream = #"""
            data: {"choices": [{"delta": {"content": "He"}}]}

            data: {"choices": [{"delta": {"content": "y"}, "finish_reason": "stop"}]}
            """#
        #expect(try TestProviders.chat().read(stream, [("content-type", "application/octet-stream")]).text == "Hey")
        let cut = String(stream.prefix(60))
        #expect(try TestProviders.chat().error(200, [], cut)?.code == .truncated)
    }
}

extension Provider {
    /// An answer, or the error of one that was read or is not accepted.
    fileprivate struct Judged {
        var completion: Completion?
        var error: AIError?
    }

    fileprivate func judged(_ body: String) throws -> Judged {
        do throws(AIError) {
            return Judged(completion: try accept(read(body)))
        } catch {
            return Judged(error: error)
        }
    }
}
