import Base
import Core
import Testing

@testable import AI

@Suite struct AnthropicAnswerTests {
    // Cases: ai 3
    @Test func `an answer's text joins all text blocks and omits thinking blocks`() throws {
        let completion = try TestProviders.anthropic().read(
            #"""
            {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-5-5",
             "content": [{"type": "thinking", "thinking": "hm", "signature": "c2ln", "text": "no"},
                         {"type": "text", "text": "It is "}, {"type": "text", "text": "4\u00bd."}],
             "stop_reason": "end_turn", "stop_sequence": null, "container": null,
             "usage": {"input_tokens": 12, "cache_creation_input_tokens": 700, "cache_read_input_tokens": 40,
                       "cache_creation": {"ephemeral_5m_input_tokens": 500, "ephemeral_1h_input_tokens": 200},
                       "output_tokens": 33, "output_tokens_details": {"thinking_tokens": 20},
                       "service_tier": "standard"}}
            """#,
            [(name: "request-id", value: "req_1"), (name: "anthropic-ratelimit-requests-remaining", value: "9")]
        )

        #expect(completion.text == "It is 4½.")
        #expect(completion.stopReason == StopReason(.finished, "end_turn"))
        #expect(
            completion.usage
                == TokenUsage(
                    input: 12,
                    output: 33,
                    cacheRead: 40,
                    cacheWrite5m: 500,
                    cacheWrite1h: 200,
                    reasoning: 20
                )
        )
        #expect(completion.model == "claude-opus-5-5" && completion.id == "msg_1" && completion.requestID == "req_1")
        #expect(completion.rateLimits?.windows.first?.remaining == 9)
        #expect(!completion.isTruncated && completion.providerCost == nil)
    }

    // Cases: ai 68
    @Test(arguments: [
        ("end_turn", StopReason.Kind.finished, false), ("stop_sequence", .stopSequence, false),
        ("max_tokens", .maxTokens, true), ("model_context_window_exceeded", .contextWindow, true),
        ("tool_use", .toolUse, false), ("pause_turn", .pause, false), ("refusal", .refusal, false),
        ("something_new", .other, false),
    ])
    func `a known stop reason is mapped, and an unknown one keeps its raw value`(
        reason: String,
        kind: StopReason.Kind,
        isTruncated: Bool
    ) throws {
        let completion = try TestProviders.anthropic().read(
            #"{"content": [{"type": "text", "text": "a"}], "stop_reason": "\#(reason)", "stop_sequence": "END"}"#
        )

        #expect(completion.stopReason == StopReason(kind, reason))
        #expect(completion.isTruncated == isTruncated)
        #expect(completion.stopSequence == "END")
        #expect(completion.usage == nil)
    }

    // Cases: ai 68
    @Test func `unknown blocks and members are ignored`() throws {
        let completion = try TestProviders.anthropic().read(
            #"""
            {"content": [{"type": "hologram", "text": "x", "data": [1]}, {}, 5, {"type": "text", "text": "a"},
                         {"type": "tool_use", "id": "t", "name": "n", "input": {}}],
             "new": {"deep": [[[]]]}, "stop_reason": null}
            """#
        )

        #expect(completion.text == "a")
        #expect(completion.stopReason == StopReason(.other, ""))
    }

    @Test func `a refusal is an error that keeps its usage and category`() throws {
        let provider = try TestProviders.anthropic()
        let completion = try provider.read(
            #"""
            {"content": [], "stop_reason": "refusal", "model": "m",
             "stop_details": {"type": "refusal", "category": "cyber", "explanation": "no"},
             "usage": {"input_tokens": 5, "output_tokens": 1}}
            """#
        )
        let error = failure { () throws(AIError) in try provider.accept(completion) }

        #expect(error?.code == .refused && error?.retry == .never && error?.breaker == .success)
        #expect(error?.completion?.usage == TokenUsage(input: 5, output: 1))
        let problem = try #require(error?.problem)
        #expect(problem.status == 422 && problem.code == "ai_refused")
        #expect(problem.members == ["provider": "anthropic-ai", "category": "cyber"])
    }

    @Test(arguments: [
        ("", "end_turn", AIError.Code.empty, AIError.RetryRule.once, AIError.BreakerEffect.neutral, true),
        ("", "stop_sequence", .empty, .once, .neutral, true),
        ("a", "tool_use", .unexpectedStop, .never, .success, false),
        ("a", "pause_turn", .unexpectedStop, .never, .success, false),
    ])
    func `an empty answer, a tool call and a pause are errors`(
        text: String,
        reason: String,
        code: AIError.Code,
        retry: AIError.RetryRule,
        breaker: AIError.BreakerEffect,
        next: Bool
    ) throws {
        let provider = try TestProviders.anthropic()
        let completion = try provider.read(
            #"{"content": [{"type": "text", "text": "\#(text)"}], "stop_reason": "\#(reason)"}"#
        )
        let error = failure { () throws(AIError) in try provider.accept(completion) }

        #expect(error?.code == code && error?.retry == retry && error?.breaker == breaker)
        #expect(error?.tryNextProvider == next && error?.problem.status == 502)
    }

    @Test(arguments: ["max_tokens", "something_new", "end_turn"])
    func `an answer truncated at its limit or with an unknown stop reason is accepted`(reason: String) throws {
        let provider = try TestProviders.anthropic()
        let completion = try provider.read(
            #"{"content": [{"type": "text", "text": "a"}], "stop_reason": "\#(reason)"}"#
        )

        #expect(try provider.accept(completion) == completion)
    }

    @Test func `the older count of cache writes counts as five-minute writes`() throws {
        let completion = try TestProviders.anthropic().read(
            #"{"content": [], "usage": {"input_tokens": 1, "output_tokens": 2, "cache_creation_input_tokens": 9}}"#
        )

        #expect(completion.usage == TokenUsage(input: 1, output: 2, cacheWrite5m: 9))
    }
}
