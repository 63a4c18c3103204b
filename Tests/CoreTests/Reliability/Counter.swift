import Synchronization

/// A number that threads may add to at any time.
final class Counter: Sendable {
    private let number = Atomic(0)

    var value: Int { number.load(ordering: .sequentiallyConsistent) }

    /// Adds to the number, and returns what it came to.
    @discardableResult
    func add(_ change: Int) -> Int {
        number.add(change, ordering: .sequentiallyConsistent).newValue
    }
}
