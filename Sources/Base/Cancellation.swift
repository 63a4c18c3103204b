internal import Synchronization

/// A wish that something should stop, told by one thread and looked at by another.
///
/// Nothing takes it back: what is to be done again gets a new one.
public final class Cancellation: Sendable {
    private let flag = Atomic<Bool>(false)

    /// Makes one that nobody has told yet.
    public init() {}

    /// Tells everybody who looks to stop; a second time changes nothing.
    public func cancel() {
        flag.store(true, ordering: .releasing)
    }

    /// Whether somebody wants it to stop.
    public var isCancelled: Bool { flag.load(ordering: .acquiring) }
}
