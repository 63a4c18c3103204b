/// Which whole numbers are accepted.
public struct IntegerRule: Hashable, Sendable, CustomStringConvertible {
    private let range: ClosedRange<Int>

    /// Makes a rule of the numbers to accept.
    public init(_ range: ClosedRange<Int>) {
        self.range = range
    }

    public var description: String { "integer, \(range.lowerBound) to \(range.upperBound)" }

    /// Reads a number in the range.
    ///
    /// - Throws: `invalid_type` or `out_of_range`.
    public func read(_ input: JSONValue) throws(Violations) -> Int {
        guard input.isWholeNumber else { throw Violations(.invalidType, "must be a whole number") }
        guard let integer = input.integer, range.contains(integer) else {
            throw Violations(.outOfRange, "must be from \(range.lowerBound) to \(range.upperBound)")
        }
        return integer
    }
}
