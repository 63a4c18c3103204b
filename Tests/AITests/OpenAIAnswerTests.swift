import Base
import Core
import Testing

@testable import AI

@Suite struct OpenAIAnswerTests {
    @Test func `a chat completion is decoded to text, stop reason, usage and ids`() throws {
        let completion = try TestProviders.chat().read(
            #"""
            {"id": "chatcmpl-1", "object": "chat.completion", "created": 1790000000, "model": "gpt-6-sol-2026-08-01",
             "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello", "refusal": null},
                          "logprobs": null, "finish_reason": "stop"}],
             "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120, "cost": 0.00014,
                       "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 10},
                       "completion_tokens_details": {"reasoning_tokens": 8}}}
            """#,
            [(name: "x-request-id", value: "req-2")]
        )

        #expect(completion.text == "Hello" && completion.stopReason == StopReason(.finished, "stop"))
        #expect(
            completion.usage == TokenUsage(input: 30, output: 20, cacheRead: 60, cacheWrite5m: 10, reasoning: 8)
        )
        #expect(completion.providerCost == USDollars(rawValue: 140_000))
        #expect(completion.model == "gpt-6-sol-2026-08-01" && completion.id == "chatcmpl-1")
        #expect(completion.requestID == "req-2")
    }

    @Test func `prompt tokens include cache writes unless the provider is configured otherwise`() throws {
        let answer = #"""
            {"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}],
             "usage": {"prompt_tokens": 100, "completion_tokens": 1,
                       "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 50}}}
            """#
        var provider = try TestProviders.chat()
        #expect(try provider.read(answer).usage?.input == 0)
        provider.promptIncludesCacheWrites = false
        #expect(try provider.read(answer).usage?.input == 40)
    }

    @Test func `impossible token counts are clamped`() throws {
        let completion = try TestProviders.chat().read(
            #"""
            {"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}],
             "usage": {"prompt_tokens": 9223372036854775807, "completion_tokens": -5,
                       "prompt_tokens_details": {"cached_tokens": 1e3}, "cost": -1}}
            """#
        )

        #expect(completion.usage == TokenUsage(input: (1 << 40) - 1_000, cacheRead: 1_000))
        #expect(completion.providerCost == nil)
    }

    @Test(arguments: [
        ("stop", StopReason.Kind.finished, false), ("length", .maxTokens, true), ("tool_calls", .toolUse, false),
        ("function_call", .toolUse, false), ("content_filter", .refusal, false), ("eos", .finished, false),
    ])
    func `a known finish reason is mapped, and an unknown one keeps its raw value`(
        reason: String,
        kind: StopReason.Kind,
        isTruncated: Bool
    ) throws {
        let completion = try TestProviders.chat().read(
            #"{"choices": [{"message": {"content": "a"}, "finish_reason": "\#(reason)"}]}"#
        )

        #expect(completion.stopReason == StopReason(kind, reason) && completion.isTruncated == isTruncated)
    }

    // Cases: ai 30
    @Test(arguments: [
        #"{"choices": [{"message": {"content": null, "refusal": "I cannot."}, "finish_reason": "stop"}]}"#,
        #"{"choices": [{"message": {"content": ""}, "finish_reason": "content_filter"}]}"#,
    ])
    func `a refusal in a chat completion is an error`(answer: String) throws {
        let provider = try TestProviders.chat()
        let completion = try provider.read(answer)

        #expect(failure { () throws(AIError) in try provider.accept(completion) }?.code == .refused)
    }

    @Test func `an answer in parts is joined to one text`() throws {
        let completion = try TestProviders.chat().read(
            #"{"choices": [{"message": {"content": [{"type": "text", "text": "a"}, {"text": "b"}]}}]}"#
        )

        #expect(completion.text == "ab")
    }

    @Test func `the text of a response joins the texts of its messages`() throws {
        let completion = try TestProviders.responses().read(
            #"""
            {"id": "resp_1", "object": "response", "status": "completed", "error": null, "incomplete_details": null,
             "model": "gpt-6-sol", "output": [
               {"type": "reasoning", "summary": [], "content": [{"type": "output_text", "text": "no"}]},
               {"type": "hologram"},
               {"type": "message", "content": [{"type": "output_text", "text": "Hel"}, {"type": "x"},
                                               {"type": "output_text", "text": "lo"}]}],
             "usage": {"input_tokens": 50, "input_tokens_details": {"cached_tokens": 20}, "output_tokens": 7,
                       "output_tokens_details": {"reasoning_tokens": 3}, "total_tokens": 57}}
            """#
        )

        #expect(completion.text == "Hello" && completion.stopReason == StopReason(.finished, "completed"))
        #expect(completion.usage == TokenUsage(input: 30, output: 7, cacheRead: 20, reasoning: 3))
        #expect(completion.id == "resp_1" && completion.model == "gpt-6-sol")
    }

    @Test(arguments: [
        ("max_output_tokens", StopReason.Kind.maxTokens), ("content_filter", .refusal), ("steered", .other),
        ("max_messages", .other),
    ])
    func `an incomplete response states its reason, with status 200`(reason: String, kind: StopReason.Kind) throws {
        let completion = try TestProviders.responses().read(
            #"""
            {"status": "incomplete", "incomplete_details": {"reason": "\#(reason)"},
             "output": [{"type": "message", "content": [{"type": "output_text", "text": "Hel"}]}]}
            """#
        )

        #expect(completion.stopReason == StopReason(kind, reason) && completion.text == "Hel")
        #expect(completion.refusalCategory == (kind == .refusal ? "content_filter" : nil))
    }

    @Test(arguments: [
        ("server_error", AIError.Code.upstreamError, AIError.BreakerEffect.failure),
        ("rate_limit_exceeded", .rateLimited, .limited(.rateLimited)),
        ("invalid_prompt", .badRequest, .neutral), ("bio_policy", .refused, .neutral),
        ("insufficient_quota", .quotaExhausted, .limited(.quotaExhausted)), ("unheard_of", .upstreamError, .failure),
    ])
    func `a failed response with status 200 is an error that keeps its usage`(
        code: String,
        expected: AIError.Code,
        breaker: AIError.BreakerEffect
    ) throws {
        let body = #"""
            {"status": "failed", "error": {"code": "\#(code)", "message": "no"}, "output": [],
             "usage": {"input_tokens": 5, "output_tokens": 2}}
            """#
        let error = try TestProviders.responses().error(200, [], body)

        #expect(error?.code == expected && error?.breaker == breaker && error?.status == 200)
        #expect(error?.completion?.usage == TokenUsage(input: 5, output: 2))
    }

    @Test func `a refusal and a tool call in a response are errors`() throws {
        let provider = try TestProviders.responses()
        let refusal = try provider.read(
            #"""
            {"status": "completed",
             "output": [{"type": "message", "content": [{"type": "refusal", "refusal": "I cannot."}]}]}
            """#
        )
        let call = try provider.read(
            #"{"status": "completed", "output": [{"type": "function_call", "name": "n", "arguments": "{}"}]}"#
        )

        #expect(failure { () throws(AIError) in try provider.accept(refusal) }?.code == .refused)
        #expect(failure { () throws(AIError) in try provider.accept(call) }?.code == .unexpectedStop)
    }

    @Test(arguments: ["queued", "in_progress"])
    func `a response that is still in progress is an error`(status: String) throws {
        let error = try TestProviders.responses().error(200, [], #"{"status": "\#(status)", "output": []}"#)

        #expect(error?.code == .badResponse)
    }
}
