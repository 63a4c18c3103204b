import AI
import Base
import Core
import Reliability
import Runs

extension StepOutcome {
    /// The largest outputs, in bytes.
    private static var outputLimit: Int { 1 << 20 }

    /// The outcome as it may be kept: without secrets, and failed where its outputs are too large or no JSON that others
    /// could read.
    ///
    /// What is wrong with the outputs would be so again, so the step is not tried again for that.
    func storable(_ redaction: Redaction) -> StepOutcome {
        switch self {
        case .succeeded(let outputs, let artifacts):
            do throws(StepFailure) {
                return .succeeded(outputs: try Self.storable(outputs, redaction), artifacts: artifacts)
            } catch {
                return .failed(error)
            }
        case .failed(let failure): return .failed(failure.without(redaction))
        case .timedOut, .cancelled, .released: return self
        }
    }

    /// What the log calls it.
    var word: String {
        switch self {
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .timedOut: "timed_out"
        case .cancelled: "cancelled"
        case .released: "released"
        }
    }

    /// Why the step was not done.
    var failure: StepFailure? {
        if case .failed(let failure) = self { failure } else { nil }
    }

    private static func storable(_ outputs: JSONText, _ redaction: Redaction) throws(StepFailure) -> JSONText {
        let tooLarge = StepFailure("output_too_large", "The outputs have more than 1 MiB.")
        guard outputs.bytes.count <= outputLimit else { throw tooLarge }
        let root = try parse(outputs)
        guard !redaction.isEmpty else { return outputs }
        let redacted = redaction.json(root)
        guard redacted.bytes.count <= outputLimit else { throw tooLarge }
        _ = try parse(redacted)
        return redacted
    }

    private static func parse(_ outputs: JSONText) throws(StepFailure) -> JSONValue {
        do throws(JSONSyntaxError) {
            let root = try JSONDocument(parsing: outputs.bytes, limits: .stepValue).root
            if root.hasOnlyStorableNumbers { return root }
        } catch {
            throw StepFailure("invalid_output", "The outputs are no JSON that can be kept: \(error).")
        }
        throw StepFailure("invalid_output", "The outputs have a number that cannot be kept.")
    }
}

extension StepFailure {
    fileprivate func without(_ redaction: Redaction) -> StepFailure {
        let word = redaction.text(code).utf8.elementsEqual(code.utf8) ? code : "redacted"
        return StepFailure(word, redaction.text(message), retry: retry)
    }
}

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
