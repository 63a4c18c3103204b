import AI
import Base
import Core
import Runs
import Reliability

extension StepOutcome {
    /// What becomes of an attempt whose call to a provider has no answer.
    ///
    /// Where nobody was asked because breakers let nothing through, the attempt is given back: it would only tell again
    /// what the breaker knows. Otherwise the error's own rule decides.
    init(_ error: AIError) {
        if error.wasRejected {
            self = .released(after: error.retryAfter?.delay ?? Self.unknownWait, because: .circuitOpen)
        } else if error.code == .cancelled {
            self = .cancelled
        } else if error.isOutOfTime {
            self = .timedOut
        } else {
            self = .failed(StepFailure(error.code.rawValue, error.problem.detail, retry: error.stepRetry))
        }
    }

    /// For a breaker that does not say how long it stays open, as one that an operator opened.
    private static let unknownWait = Duration.seconds(30)
}

extension AIError {
    /// Whether no provider was asked, since each is left alone at the moment and not for want of money.
    fileprivate var wasRejected: Bool {
        let codes: Set<Code> = [.circuitOpen, .rateLimited]
        return codes.contains(code) && status == nil
            && attempts.allSatisfy { $0.status == nil && $0.code.map(codes.contains) ?? false }
    }

    /// Whether the step's time was over, and not the provider's.
    fileprivate var isOutOfTime: Bool { code == .timeout && retry == .never && status == nil }

    /// Whether the step may be tried again.
    ///
    /// What is only tried once more within a call may be so again in another attempt: how many there are is the plan's
    /// decision. An open breaker after attempts that failed passes as well.
    fileprivate var stepRetry: StepFailure.Retry {
        guard retry != .never || code == .circuitOpen else { return .never }
        return retryAfter.map { .notBefore($0.delay) } ?? .later
    }
}
