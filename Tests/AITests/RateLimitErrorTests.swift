import Base
import Core
import Testing

@testable import AI
@testable import HTTPClient
import Reliability

@Suite struct RateLimitErrorTests {
    private let body = #"{"type": "error", "error": {"type": "rate_limit_error", "message": "no"}}"#

    @Test(arguments: ["enforced_spend_limit_reached", "contract_spend_limit_reached"])
    func `Anthropic's spending limits are quota errors and are not retried`(code: String) throws {
        let error = try TestProviders.anthropic().error(
            429,
            [(name: "retry-after", value: "1"), (name: "x-should-retry", value: "true")],
            #"""
            {"type": "error",
             "error": {"type": "rate_limit_error", "message": "no", "details": {"error_code": "\#(code)"}}}
            """#
        )

        #expect(error?.code == .quotaExhausted && error?.retry == .never && error?.tryNextProvider == true)
        #expect(error?.breaker == .limited(.quotaExhausted) && error?.problem.status == 402)
    }

    @Test func `Anthropic's ramp limit is a rate limit`() throws {
        let error = try TestProviders.anthropic().error(
            429,
            [(name: "request-id", value: "req_1"), (name: "retry-after", value: "1")],
            #"{"error": {"type": "rate_limit_error", "details": {"error_code": "ramp_limit_exceeded"}}}"#
        )

        #expect(error?.code == .rateLimited)
    }

    @Test func `an Anthropic 429 without rate-limit headers means an exhausted quota`() throws {
        let provider = try TestProviders.anthropic()
        let named = [(name: "request-id", value: "req_1")]

        #expect(provider.error(429, named, body)?.code == .quotaExhausted)
        for header in ["retry-after", "retry-after-ms", "anthropic-ratelimit-requests-limit"] {
            #expect(provider.error(429, named + [(name: header, value: "5")], body)?.code == .rateLimited)
        }
        #expect(provider.error(429, named + [(name: "retry-after", value: "0")], body)?.code == .rateLimited)
        #expect(provider.error(500, named, body)?.code == .upstreamError)
    }

    @Test func `a 429 of another server without rate-limit headers is a rate limit`() throws {
        #expect(try TestProviders.anthropic().error(429, [], body)?.code == .rateLimited)
        #expect(
            try TestProviders.anthropic().error(429, [(name: "x-litellm-call-id", value: "1")], body)?.code
                == .rateLimited
        )
        #expect(try TestProviders.chat().error(429, [(name: "x-request-id", value: "1")], "")?.code == .rateLimited)
    }

    @Test func `the retry advice in the headers is kept`() throws {
        let error = try TestProviders.chat().error(
            429,
            [
                (name: "retry-after", value: "Tue, 24 Nov 2026 16:00:00 GMT"), (name: "retry-after-ms", value: "300"),
                (name: "date", value: "Tue, 24 Nov 2026 15:59:00 GMT"),
                (name: "x-ratelimit-remaining-requests", value: "0"), (name: "x-ratelimit-limit-requests", value: "9"),
            ]
        )

        #expect(error?.retryAfter == RetryAfter(.milliseconds(300)))
        #expect(error?.rateLimits?.windows.first?.remaining == 0)
        #expect(error?.problem.retryAfter == 1)
    }

    // Cases: ai 15
    @Test(arguments: [
        (500, "false", AIError.RetryRule.never, AIError.BreakerEffect.failure), (500, "true", .yes, .failure),
        (400, "true", .yes, .neutral), (400, "false", .never, .neutral), (400, "maybe", .never, .neutral),
        (200, "true", .once, .failure), (402, "true", .never, .limited(.quotaExhausted)),
    ])
    func `x-should-retry overrides the retry rule, and the breaker goes by the status`(
        status: Int,
        word: String,
        retry: AIError.RetryRule,
        breaker: AIError.BreakerEffect
    ) throws {
        let error = try TestProviders.chat().error(status, [(name: "x-should-retry", value: word)])

        #expect(error?.retry == retry && error?.breaker == breaker)
    }
}
