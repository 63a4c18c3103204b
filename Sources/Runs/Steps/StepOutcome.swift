public import Base
import Reliability

/// What became of an attempt at a step.
public enum StepOutcome: Sendable {
    /// It is done.
    case succeeded(outputs: JSONText, artifacts: [NewArtifact] = [])

    /// It was not done.
    case failed(StepFailure)

    /// It took longer than an attempt may; it is tried again like one that failed for a while.
    case timedOut

    /// Its run was cancelled, and it ended for that.
    case cancelled

    /// It was not even tried: there was no time left, a circuit was open, or its time has not come. It comes again after
    /// a while, and the claim does not count as an attempt.
    case released(after: Duration = .zero, because: StepRelease = .noTime)
}

/// Why a step was given back without having been tried.
public enum StepRelease: Hashable, Sendable {
    /// There was no time left for it.
    case noTime

    /// A circuit breaker lets nothing through: others of its kind have no better chance before its wait is over.
    case circuitOpen

    /// It is only to be done later.
    case notDue
}

/// Why a step was not done.
public struct StepFailure: Error, Hashable, Sendable {
    /// Whether it may be tried again.
    public enum Retry: Hashable, Sendable {
        /// It would fail again.
        case never
        /// After the step's own wait.
        case later
        /// After the step's own wait, and not before so long.
        case notBefore(Duration)
    }

    /// A stable name for the kind of failure, such as `http_status`.
    public let code: String

    /// What a member of the team is told; no secret and no internals.
    public let message: String

    /// Whether it may be tried again.
    public let retry: Retry

    /// Describes a failure.
    public init(_ code: String, _ message: String, retry: Retry = .never) {
        self.code = code
        self.message = message
        self.retry = retry
    }
}

/// Something that a step made and that is kept with its run.
public struct NewArtifact: Hashable, Sendable {
    /// Its name, unique among those of its step: 1 to 200 characters of a relative path.
    public let name: String

    /// What it is, such as `text/markdown; charset=utf-8`.
    public let contentType: String

    /// What is in it.
    public let content: [UInt8]

    /// The SHA-256 of its content.
    public let sha256: [UInt8]

    /// Describes something that is to be kept.
    public init(name: String, contentType: String, content: [UInt8], sha256: [UInt8]) {
        self.name = name
        self.contentType = contentType
        self.content = content
        self.sha256 = sha256
    }
}

/// What a worker says of a step that it claimed.
public struct StepResult: Sendable {
    /// The step, by its claim.
    public let step: ClaimedStep

    /// The outcome of the attempt.
    public let outcome: StepOutcome

    /// How long the attempt took; nil when the step was not attempted.
    public let duration: Duration?

    /// Describes the result of an attempt.
    public init(_ step: ClaimedStep, _ outcome: StepOutcome, duration: Duration? = nil) {
        self.step = step
        self.outcome = outcome
        self.duration = duration
    }
}
