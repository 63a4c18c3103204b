import Synchronization

/// A counter for several threads.
public final class Counter: Sendable {
    private let number = Atomic(0)

    public init() {}

    public var value: Int { number.load(ordering: .sequentiallyConsistent) }

    /// Adds to the counter and returns the new value.
    @discardableResult
    public func add(_ change: Int) -> Int {
        number.add(change, ordering: .sequentiallyConsistent).newValue
    }
}
