import Base
import Testing

@testable import AI
@testable import HTTPClient

@Suite struct NoAnswerTests {
    @Test(arguments: [
        (HTTPError.Kind.couldNotResolve, AIError.Code.unreachable, 502, AIError.RetryRule.yes),
        (.couldNotConnect, .unreachable, 502, .yes),
        (.untrusted, .tlsError, 502, .never),
        (.tls, .tlsError, 502, .once),
        (.timeout, .timeout, 504, .once),
        (.connectionLost, .connectionLost, 502, .yes),
        (.invalidResponse, .badResponse, 502, .once),
        (.tooLarge, .badResponse, 502, .once),
    ])
    func `a request without a response counts as a failure and falls back to the next provider`(
        kind: HTTPError.Kind,
        code: AIError.Code,
        status: Int,
        retry: AIError.RetryRule
    ) throws {
        let error = try TestProviders.chat().error(HTTPError(kind, "10.0.0.1 port 443"))

        #expect(error.code == code && error.problem.status == status && error.retry == retry)
        #expect(error.breaker == .failure && error.tryNextProvider)
        #expect(error.status == nil && error.completion == nil)
    }

    @Test(arguments: [
        (HTTPError.Kind.invalidRequest, AIError.Code.badRequest), (.forbiddenAddress, .badRequest),
        (.failed, .unreachable),
    ])
    func `an error on our side does not count against the provider`(
        kind: HTTPError.Kind,
        code: AIError.Code
    ) throws {
        let error = try TestProviders.chat().error(HTTPError(kind, "x"))

        #expect(error.code == code && error.breaker == .neutral)
    }

    @Test(arguments: [
        (HTTPError(.couldNotConnect, "x", in: .connecting), AIError.Code.unreachable, AIError.RetryRule.yes),
        (HTTPError(.couldNotConnect, "x", in: .connecting, hasTimedOut: true), .timeout, .yes),
        // The provider may still be working on the request and may charge for it.
        (HTTPError(.timeout, "x", in: .waiting, hasTimedOut: true), .timeout, .once),
        (HTTPError(.timeout, "x", in: .body(status: 200, bytes: 5), hasTimedOut: true), .timeout, .yes),
        (HTTPError(.connectionLost, "x", in: .body(status: 200, bytes: 5)), .connectionLost, .yes),
        (HTTPError(.connectionLost, "x", in: .head(status: 200)), .connectionLost, .yes),
    ])
    func `the progress of a request decides how often it may be retried`(
        error: HTTPError,
        code: AIError.Code,
        retry: AIError.RetryRule
    ) throws {
        let error = try TestProviders.chat().error(error)

        #expect(error.code == code && error.retry == retry && error.breaker == .failure)
    }

    @Test func `a cancelled call does not count against the provider and has no fallback`() throws {
        let error = try TestProviders.chat().error(HTTPError(.cancelled, "x", in: .waiting))

        #expect(error.code == .cancelled && error.breaker == .neutral && error.retry == .never)
        #expect(!error.tryNextProvider && error.problem.status == 499)
    }

    @Test func `after partial output the call has no retry and no fallback`() throws {
        let error = try TestProviders.chat().error(HTTPError(.connectionLost, "x"), hasPartialOutput: true)

        #expect(error.code == .connectionLost && error.retry == .never && !error.tryNextProvider)
    }

    @Test(arguments: [
        (AIFailure.circuitOpen, 503, true), (.budgetExceeded, 402, false), (.cancelled, 499, false),
    ])
    func `a call that we reject ourselves is neutral for the breaker and is not retried`(
        cause: AIFailure,
        status: Int,
        next: Bool
    ) {
        let error = AIError(cause, provider: "openai")

        #expect(error.problem.status == status && error.tryNextProvider == next)
        #expect(error.retry == .never && error.breaker == .neutral)
    }

    @Test func `an answer that violates the schema is retried once and does not count as a failure`() {
        let error = AIError(.schemaMismatch, provider: "openai", status: 200)

        #expect(error.retry == .once && error.breaker == .success && error.tryNextProvider)
        #expect(error.problem.status == 502 && error.problem.code == "ai_schema_mismatch")
    }

    @Test func `every failure has an error status, and a provider's 401 or 403 is never ours`() {
        for cause in AIFailure.allCases {
            let status = cause.handling.status
            #expect((400...504).contains(status) && status != 401 && status != 403, "\(cause)")
        }
        #expect(Set(AIFailure.allCases.map(\.handling.code)) == Set(AIError.Code.allCases))
    }
}
