/// A lock that was not got; nothing was done.
public enum LockError: Error, Hashable, Sendable {
    /// Others had it until the deadline.
    case timedOut
    /// The caller lost interest before it was free.
    case cancelled
    /// The caller's own thread has it already, and would wait for itself.
    case heldByCaller
}
