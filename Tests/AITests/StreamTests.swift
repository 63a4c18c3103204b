import Base
import Core
import HTTPClient
import Testing

@testable import AI

@Suite struct StreamTests {
    /// Streams in each format with the pieces "Hel" and "lo ½", and the equal whole answers.
    private struct Pair: Sendable, CustomTestStringConvertible {
        let format: WireFormatName
        let events: [String]
        let whole: String

        /// How many events there are up to the one with the stop reason.
        var firstComplete: Int {
            1
                + (events.firstIndex {
                    $0.contains("\"stop_sequence\"") || $0.contains("length") || $0.contains("completed")
                } ?? 0)
        }

        var testDescription: String { format.rawValue }
    }

    private static let anthropic = Pair(
        format: .anthropicMessages,
        events: [
            #"""
            {"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant", "content": [],
             "model": "claude-x", "stop_reason": null, "usage": {"input_tokens": 25, "cache_read_input_tokens": 4,
             "output_tokens": 1}}}
            """#,
            #"{"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}}"#,
            #"{"type": "ping"}"#,
            #"{"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}}"#,
            #"{"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "x"}}"#,
            #"{"type": "content_block_stop", "index": 0}"#,
            #"{"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}}"#,
            #"{"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Hel"}}"#,
            #"{"type": "something_new", "text": "no", "delta": {"type": "text_delta", "text": "no"}}"#,
            #"{"type": "content_block_delta", "index": 1, "delta": {"type": "new_delta", "text": "no"}}"#,
            #"{"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "lo ½"}}"#,
            #"{"type": "content_block_stop", "index": 1}"#,
            #"""
            {"type": "message_delta", "delta": {"stop_reason": "stop_sequence", "stop_sequence": "END"},
             "usage": {"output_tokens": 15}}
            """#,
            #"{"type": "message_stop"}"#,
        ],
        whole: #"""
            {"id": "msg_1", "model": "claude-x", "content": [{"type": "thinking", "thinking": "hm"},
             {"type": "text", "text": "Hello ½"}], "stop_reason": "stop_sequence", "stop_sequence": "END",
             "usage": {"input_tokens": 25, "cache_read_input_tokens": 4, "output_tokens": 15}}
            """#
    )

    private static let chat = Pair(
        format: .openAIChat,
        events: [
            #"{"id": "c-1", "model": "gpt-x", "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}"#,
            #"{"id": "c-1", "model": "gpt-x", "choices": [{"index": 0, "delta": {"content": "Hel"}}], "usage": null}"#,
            #"{"id": "c-1", "model": "gpt-x", "choices": [{"index": 1, "delta": {"content": "no"}}]}"#,
            #"{"id": "c-1", "choices": [{"index": 0, "delta": {"content": "lo ½"}, "obfuscation": "aaa"}]}"#,
            #"{"id": "c-1", "model": "gpt-x", "choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]}"#,
            #"{"id": "c-1", "model": "gpt-x", "choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 3}}"#,
            "[DONE]",
        ],
        whole: #"""
            {"id": "c-1", "model": "gpt-x", "choices": [{"index": 0, "message": {"content": "Hello ½"},
             "finish_reason": "length"}], "usage": {"prompt_tokens": 9, "completion_tokens": 3}}
            """#
    )

    private static let responses = Pair(
        format: .openAIResponses,
        events: [
            #"{"type": "response.created", "response": {"id": "resp_1", "status": "in_progress", "error": null}}"#,
            #"{"type": "response.output_item.added", "item": {"type": "message"}, "sequence_number": 1}"#,
            #"{"type": "response.output_text.delta", "delta": "Hel", "sequence_number": 2}"#,
            #"{"type": "response.something_new", "delta": "no"}"#,
            #"{"type": "response.output_text.delta", "delta": "lo ½", "sequence_number": 3}"#,
            #"{"type": "response.output_text.done", "text": "Hello ½"}"#,
            #"{"type": "response.completed", "response": \#(response)}"#,
        ],
        whole: response
    )

    private static let response = #"""
        {"id": "resp_1", "model": "gpt-x", "status": "completed", "error": null,
         "output": [{"type": "message", "content": [{"type": "output_text", "text": "Hello ½"}]}],
         "usage": {"input_tokens": 9, "output_tokens": 3}}
        """#

    private static let pairs = [anthropic, chat, responses]
    private static let headers = [(name: "request-id", value: "req_1")]

    @Test(arguments: pairs) private func `a stream yields its text in pieces and equals the whole answer`(
        pair: Pair
    ) throws {
        let provider = try TestProviders.of(pair.format)
        var stream = provider.makeStream(headers: Self.headers)

        #expect(try feed(pair.events.dropLast(), to: &stream) == ["Hel", "lo ½"])
        #expect(!stream.isTerminal)
        #expect(try feed(pair.events.suffix(1), to: &stream) == [])
        #expect(stream.isTerminal)
        #expect(try stream.finish() == provider.read(pair.whole, Self.headers))
    }

    @Test(arguments: pairs) private func `after the stop reason the end of the stream is the end of the answer`(
        pair: Pair
    ) throws {
        for count in pair.firstComplete...pair.events.count {
            var stream = try TestProviders.of(pair.format).makeStream()
            _ = try feed(pair.events.prefix(count), to: &stream)
            #expect(try stream.finish().text == "Hello ½", "after \(count) events")
        }
    }

    @Test(arguments: pairs) private func `a stream that ends before its stop reason is an error`(
        pair: Pair
    ) throws {
        for count in 0..<pair.firstComplete {
            var stream = try TestProviders.of(pair.format).makeStream()
            let texts = try feed(pair.events.prefix(count), to: &stream)
            let error = failure { () throws(AIError) in try stream.finish() }

            #expect(error?.code == .truncated, "after \(count) events")
            #expect(error?.hasPartialOutput == !texts.isEmpty)
            #expect(error?.retry == (texts.isEmpty ? .yes : .never))
            #expect(error?.tryNextProvider == texts.isEmpty)
            #expect(error?.breaker == .failure)
        }
    }

    @Test(arguments: pairs) private func `data after the last event is ignored`(pair: Pair) throws {
        var stream = try TestProviders.of(pair.format).makeStream()
        _ = try feed(pair.events + ["{", #"{"error": "late"}"#, "[DONE]"], to: &stream)

        #expect(try stream.finish().text == "Hello ½")
    }

    @Test(arguments: pairs) private func `an error after some text is reported and not retried`(
        pair: Pair
    ) throws {
        var stream = try TestProviders.of(pair.format).makeStream()
        let half = try #require(pair.events.lastIndex { $0.contains("lo ½") && !$0.contains("completed") })
        let overloaded = #"{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}"#
        let error = failure { () throws(AIError) in
            try feed(pair.events[...half] + [overloaded], to: &stream)
        }

        #expect(error?.code == .overloaded && error?.breaker == .failure && error?.problem.status == 503)
        #expect(error?.hasPartialOutput == true && error?.retry == .never && error?.tryNextProvider == false)
    }

    // Cases: ai 46
    @Test(arguments: WireFormatName.allCases)
    func `an error before any text may be retried`(format: WireFormatName) throws {
        var stream = try TestProviders.of(format).makeStream()
        let error = failure { () throws(AIError) in
            try feed([#"{"type": "error", "error": {"type": "overloaded_error"}}"#], to: &stream)
        }

        #expect(error?.code == .overloaded && error?.retry == .yes && error?.hasPartialOutput == false)
    }

    @Test(arguments: [
        (#"{"type": "error", "code": "server_error", "message": "no", "param": null}"#, AIError.Code.upstreamError),
        (#"{"type": "error", "code": "rate_limit_exceeded", "message": "no"}"#, .rateLimited),
        (
            #"{"type": "response.failed", "response": {"status": "failed", "error": {"code": "server_error"}, "output": []}}"#,
            .upstreamError
        ),
        (#"{"error": {"code": 502, "message": "no"}, "choices": []}"#, .upstreamError),
        (#"{"choices": [{"index": 0, "delta": {}, "finish_reason": "error", "error": {"code": 429}}]}"#, .rateLimited),
    ])
    func `every form of an error in a stream is classified`(event: String, code: AIError.Code) throws {
        var stream = try TestProviders.responses().makeStream()

        #expect(failure { () throws(AIError) in try feed([event], to: &stream) }?.code == code)
    }

    @Test(arguments: WireFormatName.allCases, ["{", "<html>", "[DONE", #"{"a": 1, "a" 2}"#])
    func `an event that is not valid JSON is an error`(format: WireFormatName, event: String) throws {
        var stream = try TestProviders.of(format).makeStream()

        #expect(failure { () throws(AIError) in try feed([event], to: &stream) }?.code == .badResponse)
    }

    @Test func `a stream may have much framing, but its text is limited like any other answer`() throws {
        #expect(
            try TestProviders.chat().request(CompletionRequest("Hi"), isStreamed: true).maximumResponseBytes == 64 << 20
        )
        #expect(try TestProviders.chat().request(CompletionRequest("Hi")).maximumResponseBytes == 4 << 20)
        var stream = try TestProviders.chat().makeStream()
        let mebibyte = String(repeating: "x", count: 1 << 20)
        let event = #"{"choices": [{"index": 0, "delta": {"content": "\#(mebibyte)"}}]}"#
        #expect(try feed([event, event, event, event], to: &stream).count == 4)
        #expect(failure { () throws(AIError) in try feed([event], to: &stream) }?.code == .badResponse)
    }

    @Test func `an end mark without a finish reason is a truncated answer`() throws {
        var stream = try TestProviders.chat().makeStream()
        _ = try feed(Self.chat.events.prefix(3) + ["[DONE]"], to: &stream)

        #expect(failure { () throws(AIError) in try stream.finish() }?.code == .truncated)
    }

    @Test func `a stream without a beginning is an invalid answer`() throws {
        var anthropic = try TestProviders.anthropic().makeStream()
        _ = try feed([#"{"type": "message_stop"}"#], to: &anthropic)
        var chat = try TestProviders.chat().makeStream()
        _ = try feed(["[DONE]"], to: &chat)

        #expect(failure { () throws(AIError) in try anthropic.finish() }?.code == .badResponse)
        #expect(failure { () throws(AIError) in try chat.finish() }?.code == .badResponse)
    }

    @Test func `refusals in streams are recognized`() throws {
        var chat = try TestProviders.chat().makeStream()
        _ = try feed(
            [
                #"{"choices": [{"index": 0, "delta": {"refusal": "I can"}}]}"#,
                #"{"choices": [{"index": 0, "delta": {"refusal": "not."}, "finish_reason": "stop"}]}"#, "[DONE]",
            ],
            to: &chat
        )
        var responses = try TestProviders.responses().makeStream()
        _ = try feed(
            [
                #"{"type": "response.refusal.delta", "delta": "I cannot."}"#,
                #"{"type": "response.completed", "response": {"status": "completed", "output": []}}"#,
            ],
            to: &responses
        )

        #expect(try chat.finish().stopReason == StopReason(.refusal, "stop"))
        #expect(try responses.finish().stopReason == StopReason(.refusal, "completed"))
    }

    @Test func `text that the last event omits is kept`() throws {
        var stream = try TestProviders.responses().makeStream()
        _ = try feed(
            [
                #"{"type": "response.output_text.delta", "delta": "Hi"}"#,
                #"{"type": "response.completed", "response": {"status": "completed", "output": []}}"#,
            ],
            to: &stream
        )

        #expect(try stream.finish().text == "Hi")
    }

    @Test func `the usage of a stream that was cut is known`() throws {
        var stream = try TestProviders.anthropic().makeStream()
        _ = try feed(Self.anthropic.events.prefix(9), to: &stream)

        #expect(stream.partial?.usage == TokenUsage(input: 25, output: 1, cacheRead: 4))
        #expect(stream.partial?.text == "Hel")
    }
}
