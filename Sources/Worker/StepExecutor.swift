public import Base
public import Runs

/// Does steps, one after the other; it belongs to one thread.
public protocol StepExecutor: ~Copyable {
    /// Does a step, or says why not. It throws nothing: whatever goes wrong is an outcome.
    ///
    /// - Parameters:
    ///   - step: What to do.
    ///   - deadline: When the attempt has to be over.
    ///   - cancellation: Told when nobody wants it done any more.
    /// - Returns: What became of it.
    mutating func execute(_ step: ClaimedStep, deadline: Deadline, cancellation: Cancellation) -> StepOutcome
}
