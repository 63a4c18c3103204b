import Base
import Testing

@testable import AI
@testable import HTTPClient

/// The classification of provider errors by status, type and code.
@Suite struct ErrorClassTests {
    /// A response and everything that follows from it.
    struct Case: Sendable, CustomTestStringConvertible {
        let status: Int
        let body: String
        let code: AIError.Code
        let ours: Int
        let retry: AIError.RetryRule
        let breaker: AIError.BreakerEffect
        let next: Bool

        init(
            _ status: Int,
            _ body: String,
            _ code: AIError.Code,
            _ ours: Int,
            _ retry: AIError.RetryRule,
            _ breaker: AIError.BreakerEffect,
            next: Bool
        ) {
            self.status = status
            self.body = body
            self.code = code
            self.ours = ours
            self.retry = retry
            self.breaker = breaker
            self.next = next
        }

        var testDescription: String { "\(status) \(body)" }
    }

    private static let anthropic = [
        Case(400, error("invalid_request_error"), .badRequest, 400, .never, .neutral, next: false),
        Case(400, error("content_policy_violation"), .refused, 422, .never, .neutral, next: false),
        Case(401, error("authentication_error"), .authFailed, 502, .never, .refused, next: true),
        Case(402, error("billing_error"), .quotaExhausted, 402, .never, .limited(.quotaExhausted), next: true),
        Case(403, error("permission_error"), .forbidden, 502, .never, .neutral, next: true),
        Case(404, error("not_found_error"), .modelNotFound, 400, .never, .neutral, next: true),
        Case(408, "", .timeout, 504, .yes, .failure, next: true),
        Case(409, error("conflict_error"), .conflict, 409, .yes, .neutral, next: false),
        Case(413, error("request_too_large"), .contextTooLong, 413, .never, .neutral, next: false),
        Case(418, error("invalid_request_error"), .badRequest, 400, .never, .neutral, next: false),
        Case(422, error("invalid_request_error"), .badRequest, 422, .never, .neutral, next: false),
        Case(429, error("rate_limit_error"), .rateLimited, 429, .yes, .limited(.rateLimited), next: true),
        Case(500, error("api_error"), .upstreamError, 502, .yes, .failure, next: true),
        Case(502, "<html>Bad Gateway</html>", .upstreamError, 502, .yes, .failure, next: true),
        Case(503, "", .upstreamError, 502, .yes, .failure, next: true),
        Case(504, error("timeout_error"), .timeout, 504, .yes, .failure, next: true),
        Case(529, error("overloaded_error"), .overloaded, 503, .yes, .failure, next: true),
        Case(529, "", .overloaded, 503, .yes, .failure, next: true),
        Case(302, "", .badEndpoint, 502, .never, .neutral, next: true),
        Case(307, "", .badEndpoint, 502, .never, .neutral, next: true),
    ]

    private static func error(_ type: String) -> String {
        #"{"type": "error", "error": {"type": "\#(type)", "message": "no"}, "request_id": "req_1"}"#
    }

    // Cases: ai 14, 29
    @Test(arguments: anthropic)
    func `a status determines the code, our own status, and the retry rule`(expected: Case) throws {
        let error = try #require(try TestProviders.anthropic().error(expected.status, [], expected.body))

        #expect(error.code == expected.code)
        #expect(error.problem.status == expected.ours && error.problem.code == expected.code.rawValue)
        #expect(error.retry == expected.retry)
        #expect(error.breaker == expected.breaker)
        #expect(error.tryNextProvider == expected.next)
        #expect(error.status == expected.status)
        #expect(error.provider == "anthropic-ai")
        #expect(error.requestID == (expected.body.contains("req_1") ? "req_1" : nil))
    }

    @Test(arguments: [
        (400, "invalid_request_error", "context_length_exceeded", AIError.Code.contextTooLong),
        (400, "invalid_request_error", "content_policy_violation", .refused),
        (400, "invalid_request_error", "invalid_prompt", .badRequest),
        (401, "invalid_request_error", "invalid_api_key", .authFailed),
        (403, "request_forbidden", "unsupported_country_region_territory", .forbidden),
        (404, "invalid_request_error", "model_not_found", .modelNotFound),
        (400, "invalid_request_error", "model_not_found", .modelNotFound),
        (429, "requests", "rate_limit_exceeded", .rateLimited),
        (429, "tokens", "rate_limit_exceeded", .rateLimited),
        (429, "rate_limit_error", "slow_down", .rateLimited),
        (429, "insufficient_quota", "insufficient_quota", .quotaExhausted),
        (429, "insufficient_quota", "credit_balance_exhausted", .quotaExhausted),
        (429, "other", "organization_spend_limit_exceeded", .quotaExhausted),
        (429, "other", "project_spend_limit_exceeded", .quotaExhausted),
        (429, "other", "organization_usage_limit_exceeded", .quotaExhausted),
        (500, "server_error", "server_error", .upstreamError),
        (503, "service_unavailable_error", "server_is_overloaded", .overloaded),
        // A code that contradicts the status is ignored.
        (500, "insufficient_quota", "model_not_found", .upstreamError),
        (400, "invalid_request_error", "server_is_overloaded", .badRequest),
    ])
    func `OpenAI's error codes refine the status`(
        status: Int,
        type: String,
        code: String,
        expected: AIError.Code
    ) throws {
        let body = #"{"error": {"message": "no", "type": "\#(type)", "param": null, "code": "\#(code)"}}"#

        #expect(try TestProviders.chat().error(status, [], body)?.code == expected)
        #expect(try TestProviders.responses().error(status, [], body)?.code == expected)
    }

    // Cases: ai 64
    @Test(arguments: [
        // vLLM: no wrapper, a numeric code.
        (
            400, #"{"object": "error", "message": "no", "type": "BadRequestError", "param": null, "code": 400}"#,
            AIError.Code.badRequest
        ),
        (404, #"{"object": "error", "message": "no", "type": "NotFoundError", "code": 404}"#, .modelNotFound),
        // Ollama: a string.
        (404, #"{"error": "model 'x' not found, try pulling it first"}"#, .modelNotFound),
        // LiteLLM: the status as a string.
        (
            429, #"{"error": {"message": "no", "type": "throttling_error", "param": "None", "code": "429"}}"#,
            .rateLimited
        ),
        (
            400, #"{"error": {"message": "Invalid model name", "type": "None", "param": null, "code": "400"}}"#,
            .badRequest
        ),
        // OpenRouter: a number, also in a response with status 200.
        (402, #"{"error": {"code": 402, "message": "Insufficient credits"}}"#, .quotaExhausted),
        (200, #"{"error": {"code": 402, "message": "Insufficient credits"}}"#, .quotaExhausted),
        (200, #"{"error": {"code": 502, "message": "no", "metadata": {"raw": "x"}}}"#, .upstreamError),
        (200, #"{"choices": [{"error": {"code": 429, "message": "no"}, "finish_reason": "error"}]}"#, .rateLimited),
        (200, #"{"error": "something"}"#, .upstreamError),
        (200, #"{"error": {"type": "authentication_error"}}"#, .authFailed),
        // llama.cpp, while it loads a model.
        (503, #"{"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}"#, .upstreamError),
        // Neither a wrapper nor a mark.
        (429, #"{"code": "insufficient_quota", "message": "no"}"#, .quotaExhausted),
        // FastAPI.
        (422, #"{"detail": [{"loc": ["body"], "msg": "no"}]}"#, .badRequest),
    ])
    func `errors of compatible servers are classified`(status: Int, body: String, expected: AIError.Code) throws {
        #expect(try TestProviders.chat().error(status, [], body)?.code == expected)
    }

    @Test(arguments: ["null", "false", "\"\"", "0", "[]"])
    func `an answer whose error member is empty is not an error`(error: String) throws {
        let completion = try TestProviders.chat().read(
            #"""
            {"error": \#(error),
             "choices": [{"error": \#(error), "message": {"content": "a"}, "finish_reason": "stop"}]}
            """#
        )

        #expect(completion.text == "a")
    }

    // Cases: ai 28
    @Test(arguments: [
        "prompt is too long: 210000 tokens > 200000 maximum", "This model's maximum context length is 8192 tokens.",
    ])
    func `a prompt that is too long is recognized by its words`(message: String) throws {
        let body = #"{"error": {"type": "invalid_request_error", "message": "\#(message)"}}"#

        #expect(try TestProviders.anthropic().error(400, [], body)?.code == .contextTooLong)
        #expect(try TestProviders.chat().error(400, [], body)?.problem.status == 413)
        #expect(try TestProviders.chat().error(503, [], body)?.code == .upstreamError)
    }

    @Test(arguments: ["429 rate limit 503 overloaded", "insufficient_quota", "timeout", "401 Unauthorized"])
    func `other words in an error message do not affect the classification`(message: String) throws {
        let body = #"{"error": {"type": "invalid_request_error", "message": "\#(message)"}}"#

        #expect(try TestProviders.anthropic().error(400, [], body)?.code == .badRequest)
        #expect(try TestProviders.anthropic().error(500, [], body)?.code == .upstreamError)
    }
}
