import Synchronization

/// A flag that one thread raises to have another stop what it is doing.
///
/// It is looked at between steps, so what stops is whole: nothing is interrupted.
public final class Cancellation: Sendable {
    private let flag = Atomic(false)

    /// Makes a flag that is not raised.
    public init() {}

    /// Raises the flag; once raised it stays.
    public func cancel() {
        flag.store(true, ordering: .releasing)
    }

    /// Whether the flag is raised.
    public var isCancelled: Bool { flag.load(ordering: .acquiring) }
}
