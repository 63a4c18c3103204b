public import Base

/// What becomes of a run when one of its steps fails for good.
public enum FailurePolicy: String, InputEnumeration, OutputValue, CustomStringConvertible {
    /// What depends on the step is skipped, and the run fails.
    case fail
    /// What depends on the step goes on as if it had succeeded, without its outputs.
    case `continue`

    public var description: String { rawValue }
}
