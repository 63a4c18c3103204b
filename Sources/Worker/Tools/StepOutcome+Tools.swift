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
        return StepFailure(
            word,
            redaction.text(message),
            retry: retry,
            answer: answer,
            requests: requests,
            calls: calls
        )
    }
}

extension StepOutcome {
    /// The outcome of an attempt without an answer from a provider.
    ///
    /// If circuit breakers rejected every call, or a provider refused its key, the step is returned to the queue without
    /// an attempt. Otherwise the error decides.
    init(_ error: AIError, of step: ClaimedStep) {
        // That a breaker rejected the next attempt does not hide the error of a request.
        let error = error.ofLastRequest ?? error
        let longest = step.backoff.cap
        if error.awaitsOthers {
            // The breaker's time is not the step's: within the step's own limit the worker looks again.
            let wait = min(error.retryAfter?.delay ?? Self.unknownWait, max(longest, .seconds(1)))
            let closed = error.closedProviders.compactMap { StepNeed.provider($0) }
            self = .released(
                after: wait,
                // A limit of the team is no reason to look at steps of other teams later.
                because: error.isLimitedOnly ? .notDue : closed.isEmpty ? .circuitOpen : .needsClosed(closed)
            )
        } else if error.code == .cancelled {
            self = .cancelled
        } else if error.isOutOfTime {
            self = error.requests > 1 ? .failed(.timedOut(requests: error.requests, calls: error.calls)) : .timedOut
        } else {
            self = .failed(
                StepFailure(
                    error.code.rawValue,
                    error.problem.detail,
                    retry: error.stepRetry(within: longest),
                    requests: error.requests,
                    calls: error.calls
                )
            )
        }
    }

    /// For a breaker without a known end, such as one that an operator opened.
    private static let unknownWait = Duration.seconds(30)
}

extension AIError {
    /// Whether a later attempt may succeed although nothing about the step changes: the key was refused, this worker has
    /// not the provider, no provider was called because all were in cool-down, or the team had reached its limits.
    ///
    /// A used-up budget does not count. Candidates that the team may not use do not matter.
    fileprivate var awaitsOthers: Bool {
        if code == .authFailed { return true }
        let codes: Set<Code> = [.circuitOpen, .rateLimited, .authFailed, .limitReached]
        return codes.contains(code) && status == nil
            && attempts.allSatisfy { attempt in
                attempt.status == nil && attempt.code.map { codes.contains($0) || $0 == .modelUnpriced } ?? false
            }
    }

    /// Whether the team's limits rejected every attempt.
    fileprivate var isLimitedOnly: Bool {
        !attempts.isEmpty && attempts.allSatisfy { [.limitReached, .modelUnpriced].contains($0.code) }
    }

    /// Whether the step's time limit was exceeded, not the provider's.
    fileprivate var isOutOfTime: Bool { code == .timeout && retry == .never && status == nil }

    /// Every request and every rejection of the call.
    fileprivate var calls: JSONText? { attempts.isEmpty ? nil : JSONText(attempts) }

    /// Whether the step is retried.
    ///
    /// Errors that a call retries only once can be retried by further attempts of the step; the plan sets their number.
    /// What the provider itself asks for is left as it is, because a step that may not wait so long fails. A breaker's
    /// wait is cut to the step's limit: until the breaker closes, further attempts are released.
    fileprivate func stepRetry(within longest: Duration) -> StepFailure.Retry {
        guard retry != .never || code == .circuitOpen else { return .never }
        if let asked = retryAdvice.retryAfter { return .notBefore(asked.delay) }
        return retryAfter.map { .notBefore(min($0.delay, longest)) } ?? .later
    }
}
