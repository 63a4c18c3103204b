import Synchronization

/// A number that threads may add to at any time.
public final class Counter: Sendable {
    private let number = Atomic(0)

    /// Starts at 0.
    public init() {}

    /// The number now.
    public var value: Int { number.load(ordering: .sequentiallyConsistent) }

    /// Adds to the number, and returns what it came to.
    @discardableResult
    public func add(_ change: Int) -> Int {
        number.add(change, ordering: .sequentiallyConsistent).newValue
    }
}
