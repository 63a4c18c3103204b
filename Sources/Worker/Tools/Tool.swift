import Base
import Runs

/// Something that a step can have done.
protocol Tool: ~Copyable {
    /// What it is given, once references and secrets are resolved.
    associatedtype Inputs: InputObject

    /// Does it.
    ///
    /// - Parameters:
    ///   - inputs: What it is given.
    ///   - attempt: Which step it is for, and how long it may take.
    /// - Returns: What became of it.
    /// - Throws: `StepFailure`, which is as good as returning it.
    mutating func run(_ inputs: Inputs, in attempt: StepAttempt) throws(StepFailure) -> StepOutcome
}
