import Testing

@testable import AI
@testable import HTTPClient

/// The errors that providers report in words only.
@Suite struct ErrorPhraseTests {
    @Test(arguments: [
        (400, "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing."),
        (429, "Your team has used all available credits or reached its monthly spending limit."),
    ])
    func `money that is used up closes the provider for a while`(status: Int, message: String) throws {
        let error = try #require(try error(status, message))
        #expect(error.code == .quotaExhausted && error.breaker == .limited(.quotaExhausted) && error.tryNextProvider)
    }

    @Test func `a caller's text in a message closes nothing`() throws {
        let error = try #require(try error(400, "invalid value: 'Your credit balance is too low'"))
        #expect(error.code == .badRequest && error.breaker == .neutral)
    }

    @Test(
        arguments: [400, 500],
        [
            "prompt is too long: 210000 tokens > 200000 maximum",
            "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000",
            "This model's maximum context length is 8192 tokens.",
            "litellm.ContextWindowExceededError: litellm.BadRequestError: too much",
            "The input token count (1500000) exceeds the maximum number of tokens allowed (1048576).",
            "the request exceeds the available context size. try increasing it",
            "This model's maximum prompt length is 131072 but the request contains 200000 tokens.",
            "Your input exceeds the context window of this model.",
            "The input (9000 tokens) is longer than the model's context length (8192 tokens).",
            "Invalid request: Your request exceeded model token limit: 8192",
            "the input length exceeds the context length",
            "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens",
        ]
    )
    func `a prompt that is too long is known in everybody's words`(status: Int, message: String) throws {
        let error = try #require(try error(status, message))
        #expect(error.code == .contextTooLong && error.breaker == .neutral && error.retry == .never, "\(message)")
    }

    @Test func `llama-cpp's type is known, whatever the message`() throws {
        let body = #"{"error": {"code": 400, "type": "exceed_context_size_error", "message": "no", "n_ctx": 4096}}"#
        #expect(try TestProviders.chat().error(400, [], body)?.code == .contextTooLong)
    }

    @Test(arguments: [429, 413]) func `a request above the limit of a minute never passes`(status: Int) throws {
        let message =
            "Request too large for gpt-4o in organization org-1 on tokens per min (TPM): Limit 1, Requested 2."
        let body = #"{"error": {"type": "tokens", "code": "rate_limit_exceeded", "message": "\#(message)"}}"#
        let error = try #require(try TestProviders.chat().error(status, [], body))
        #expect(error.code == .contextTooLong && error.retry == .never && error.breaker == .neutral)
    }

    @Test(arguments: [400, 500])
    func `LiteLLM's words for refusals and unknown models are known`(status: Int) throws {
        let refused = try error(status, "litellm.ContentPolicyViolationError: Your request was rejected")
        #expect(refused?.code == .refused)
        let unknown = try error(status, "Invalid model name passed in model=gpt-9. Call /v1/models to view available")
        #expect(unknown?.code == .modelNotFound && unknown?.tryNextProvider == true)
    }

    @Test func `a phrase does not change an error of another status`() throws {
        #expect(try error(503, "prompt is too long")?.code == .upstreamError)
        #expect(try error(401, "Your credit balance is too low")?.code == .authFailed)
    }

    private func error(_ status: Int, _ message: String) throws -> AIError? {
        let type = status >= 500 ? "api_error" : "invalid_request_error"
        let body = #"{"type": "error", "error": {"type": "\#(type)", "message": "\#(message)"}}"#
        return try TestProviders.anthropic().error(status, [], body)
    }
}
