public import Base
import Reliability

/// The outcome of an attempt.
public enum StepOutcome: Sendable {
    /// The step succeeded.
    case succeeded(outputs: JSONText, artifacts: [NewArtifact] = [])

    /// The step failed.
    case failed(StepFailure)

    /// The attempt exceeded its time limit; it is retried like a transient failure.
    case timedOut

    /// The attempt ended because the run was cancelled.
    case cancelled

    /// The worker had to end before the step did.
    ///
    /// The attempt counts. With attempts left, or if it is idempotent, the step is claimed again.
    case interrupted

    /// The step was not attempted: no time was left, a circuit breaker rejected it, or the step is not due yet.
    ///
    /// It is claimed again after the delay, and the claim does not count as an attempt.
    case released(after: Duration = .zero, because: StepRelease = .noTime)
}

/// Why a step was returned without an attempt.
public enum StepRelease: Hashable, Sendable {
    /// The worker had no time left for it.
    case noTime

    /// A circuit breaker of the step's model rejected it, which concerns no other model.
    case circuitOpen

    /// The circuit breakers of what other steps need as well rejected it; see ``StepNeed``.
    case needsClosed([String])

    /// The step is not due yet.
    case notDue
}

/// The failure of an attempt.
public struct StepFailure: Error, Hashable, Sendable {
    /// Whether and when a failed attempt is retried.
    public enum Retry: Hashable, Sendable {
        /// A retry would fail again.
        case never
        /// After the step's own backoff.
        case later
        /// After the step's own backoff, but not before this delay.
        case notBefore(Duration)
    }

    /// A stable code, such as `http_status`.
    public let code: String

    /// The message for team members.
    ///
    /// It must not contain secrets or internal details.
    public let message: String

    /// Whether and when the attempt is retried.
    public let retry: Retry

    /// The seconds that a server asked to wait, where the step's policy does not allow that.
    public private(set) var retryAfter: Int?

    /// How many requests to AI providers the attempt made; each counts as an attempt of the step.
    public let requests: Int

    /// The beginning of the answer that a server gave; nil if none did.
    public let answer: Answer?

    /// What the attempt asked of AI providers, as a JSON array; nil if it asked none.
    public let calls: JSONText?

    /// Makes a failure.
    public init(
        _ code: String,
        _ message: String,
        retry: Retry = .never,
        answer: Answer? = nil,
        requests: Int = 0,
        calls: JSONText? = nil
    ) {
        self.code = code
        self.message = message
        self.retry = retry
        self.answer = answer
        self.requests = requests
        self.calls = calls
    }

    /// The failure as a step's policy allows it to be retried.
    ///
    /// - Parameter longest: The longest wait of the policy.
    /// - Returns: A failure that is not retried, if the server asks to wait longer; otherwise this failure.
    public func retried(within longest: Duration) -> StepFailure {
        guard case .notBefore(let wait) = retry, wait > longest else { return self }
        let seconds = wait.wholeSeconds
        var failure = StepFailure(
            code,
            "\(message) The server asks to wait \(seconds) s, but retry.maxSeconds is \(longest.wholeSeconds).",
            answer: answer,
            requests: requests,
            calls: calls
        )
        failure.retryAfter = seconds
        return failure
    }

    /// The beginning of the answer that a server gave.
    public struct Answer: Hashable, Sendable {
        /// The HTTP status.
        public let status: Int

        /// The first 2 KiB of the body; it must not contain secrets.
        public let body: String

        /// Makes an answer.
        public init(status: Int, body: String) {
            self.status = status
            self.body = body
        }
    }
}

/// An artifact that a step made and that is not stored yet.
public struct NewArtifact: Hashable, Sendable {
    /// The name, unique within the step: a relative path of 1 to 200 characters.
    public let name: String

    /// The content type, such as `text/markdown; charset=utf-8`.
    public let contentType: String

    /// The content.
    public let content: [UInt8]

    /// The SHA-256 digest of the content.
    public let sha256: [UInt8]

    /// Makes an artifact.
    public init(name: String, contentType: String, content: [UInt8], sha256: [UInt8]) {
        self.name = name
        self.contentType = contentType
        self.content = content
        self.sha256 = sha256
    }
}

/// The result of a claimed step, as a worker reports it.
public struct StepResult: Sendable {
    /// The claimed step.
    public let step: ClaimedStep

    /// The outcome of the attempt.
    public let outcome: StepOutcome

    /// How long the attempt took; nil when the step was not attempted.
    public let duration: Duration?

    /// Makes a result.
    public init(_ step: ClaimedStep, _ outcome: StepOutcome, duration: Duration? = nil) {
        self.step = step
        self.outcome = outcome
        self.duration = duration
    }
}
