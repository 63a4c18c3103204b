import Base
import Testing

@testable import Runs

@Suite struct StepFailureTests {
    private static let message = "The server answered with status 429."

    private func retried(_ retry: StepFailure.Retry, within longest: Duration) -> StepFailure {
        StepFailure("http_status", Self.message, retry: retry, requests: 2).retried(within: longest)
    }

    @Test(arguments: [(86_400, 1), (2, 1), (301, 300), (86_401, 86_400), (3_155_760_000, 86_400), (1, 0)])
    func `a wait longer than the step's policy allows ends the step, and the error says how long`(
        asked: Int,
        longest: Int
    ) {
        let failure = retried(.notBefore(.seconds(asked)), within: .seconds(longest))
        #expect(failure.retry == .never)
        #expect(failure.retryAfter == asked)
        #expect(failure.code == "http_status")
        #expect(failure.requests == 2)
        #expect(
            failure.message == "\(Self.message) The server asks to wait \(asked) s, but retry.maxSeconds is \(longest)."
        )
    }

    @Test func `a fraction of a second too long is too long`() {
        let failure = retried(.notBefore(.milliseconds(1_001)), within: .seconds(1))
        #expect(failure.retry == .never)
        #expect(failure.retryAfter == 2)
    }

    @Test(arguments: [.never, .later, .notBefore(.seconds(1)), .notBefore(.seconds(300))] as [StepFailure.Retry])
    func `every other wait stays`(retry: StepFailure.Retry) {
        let failure = retried(retry, within: .seconds(300))
        #expect(failure.retry == retry)
        #expect(failure.retryAfter == nil)
        #expect(failure.message == Self.message)
    }
}
