import AI
import Base
import Core
import Reliability
import Runs

extension StepOutcome {
    /// The maximum size of the outputs, in bytes.
    static var outputLimit: Int { 1 << 20 }

    /// The outcome as it can be stored: without secrets.
    ///
    /// It is a failure if the outputs are too large or not valid JSON.
    ///
    /// Such a failure is not retried, because the outputs would be the same.
    func storable(_ redaction: Redaction) -> StepOutcome {
        switch self {
        case .succeeded(let outputs, let artifacts):
            do throws(StepFailure) {
                return .succeeded(outputs: try Self.storable(outputs, redaction), artifacts: artifacts)
            } catch {
                return .failed(error)
            }
        case .failed(let failure): return .failed(failure.without(redaction))
        case .timedOut, .cancelled, .interrupted, .released: return self
        }
    }

    /// The outcome's name in the log.
    var word: String {
        switch self {
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .timedOut: "timed_out"
        case .cancelled: "cancelled"
        case .interrupted: "interrupted"
        case .released: "released"
        }
    }

    var failure: StepFailure? {
        if case .failed(let failure) = self { failure } else { nil }
    }

    private static func storable(_ outputs: JSONText, _ redaction: Redaction) throws(StepFailure) -> JSONText {
        let tooLarge = StepFailure("output_too_large", "The outputs exceed 1 MiB.")
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
            throw StepFailure("invalid_output", "The outputs are not valid JSON: \(error).")
        }
        throw StepFailure("invalid_output", "The outputs contain a number that cannot be stored.")
    }
}

extension StepFailure {
    fileprivate func without(_ redaction: Redaction) -> StepFailure {
        let word = redaction.text(code).utf8.elementsEqual(code.utf8) ? code : "redacted"
        let answer = answer.map { Answer(status: $0.status, body: redaction.text($0.body)) }
        return StepFailure(word, redaction.text(message), retry: retry, answer: answer)
    }
}

extension StepOutcome {
    /// The outcome of an attempt without an answer from a provider.
    ///
    /// If circuit breakers rejected every call, the step is returned to the queue without an attempt. Otherwise the
    /// error decides.
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

    /// For a breaker without a known end, such as one that an operator opened.
    private static let unknownWait = Duration.seconds(30)
}

extension AIError {
    /// Whether no provider was called because all were in cool-down; a used-up budget does not count.
    fileprivate var wasRejected: Bool {
        let codes: Set<Code> = [.circuitOpen, .rateLimited]
        return codes.contains(code) && status == nil
            && attempts.allSatisfy { $0.status == nil && $0.code.map(codes.contains) ?? false }
    }

    /// Whether the step's time limit was exceeded, not the provider's.
    fileprivate var isOutOfTime: Bool { code == .timeout && retry == .never && status == nil }

    /// Whether the step is retried.
    ///
    /// Errors that a call retries only once can be retried by further attempts of the step; the plan sets their number.
    /// A breaker that opened after failed attempts closes again, so the step is retried as well.
    fileprivate var stepRetry: StepFailure.Retry {
        guard retry != .never || code == .circuitOpen else { return .never }
        return retryAfter.map { .notBefore($0.delay) } ?? .later
    }
}
