import Base
import Testing

@testable import AI
@testable import HTTPClient

@Suite struct NoAnswerTests {
    @Test(arguments: [
        (HTTPError.Kind.couldNotResolve, AIError.Code.unreachable, 502, AIError.RetryRule.yes),
        (.couldNotConnect, .unreachable, 502, .yes),
        (.tls, .tlsError, 502, .never),
        (.timeout, .timeout, 504, .once),
        (.connectionLost, .connectionLost, 502, .yes),
        (.invalidResponse, .badResponse, 502, .once),
        (.tooLarge, .badResponse, 502, .once),
    ])
    func `a request without an answer counts as a failure and goes to the next provider`(
        kind: HTTPError.Kind,
        code: AIError.Code,
        status: Int,
        retry: AIError.RetryRule
    ) throws {
        let error = try TestProviders.chat().error(HTTPError(kind, "10.0.0.1 port 443"))

        #expect(error.code == code && error.problem().status == status && error.retry == retry)
        #expect(error.breaker == .failure && error.tryNextProvider)
        #expect(error.status == nil && error.completion == nil)
    }

    @Test(arguments: [(HTTPError.Kind.invalidRequest, AIError.Code.badRequest), (.failed, .unreachable)])
    func `what went wrong on our side says nothing about the provider`(
        kind: HTTPError.Kind,
        code: AIError.Code
    ) throws {
        let error = try TestProviders.chat().error(HTTPError(kind, "x"))

        #expect(error.code == code && error.breaker == .neutral)
    }

    @Test func `after some text was handed on nobody else is asked`() throws {
        let error = try TestProviders.chat().error(HTTPError(.connectionLost, "x"), hasPartialOutput: true)

        #expect(error.code == .connectionLost && error.retry == .never && !error.tryNextProvider)
    }

    @Test(arguments: [
        (AIError.Cause.circuitOpen, 503, true), (.budgetExceeded, 402, false), (.cancelled, 499, false),
    ])
    func `what we stop ourselves is neutral and not tried again`(
        cause: AIError.Cause,
        status: Int,
        next: Bool
    ) {
        let error = AIError(cause, provider: "openai")

        #expect(error.problem().status == status && error.tryNextProvider == next)
        #expect(error.retry == .never && error.breaker == .neutral)
    }

    @Test func `a cause has a status of ours that fits an error, and a provider's 401 is never one of ours`() {
        for cause in AIError.Cause.allCases {
            let status = cause.consequences.status
            #expect((400...504).contains(status) && status != 401 && status != 403, "\(cause)")
        }
        #expect(Set(AIError.Cause.allCases.map(\.consequences.code)) == Set(AIError.Code.allCases))
    }
}
