public import Base

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
