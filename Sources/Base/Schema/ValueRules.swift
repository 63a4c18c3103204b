/// The rule for a whole number.
public struct IntegerRule: Hashable, Sendable, CustomStringConvertible {
    private let range: ClosedRange<Int>

    public init(_ range: ClosedRange<Int>) {
        self.range = range
    }

    public var description: String { "integer, \(range.lowerBound) to \(range.upperBound)" }

    public var form: ValueForm { .integer(range) }

    /// Parses a number in the range.
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

/// The rule for the number of elements of an array.
public struct ListRule: Hashable, Sendable, CustomStringConvertible {
    private let counts: ClosedRange<Int>

    public init(_ counts: ClosedRange<Int>) {
        self.counts = counts
    }

    /// The form of an array of such elements.
    public func form(of element: ValueForm) -> ValueForm { .array(element, counts) }

    public var description: String {
        counts.lowerBound == 0
            ? "at most \(counts.upperBound) elements" : "\(counts.lowerBound) to \(counts.upperBound) elements"
    }

    /// Parses an array whose elements are all valid.
    ///
    /// - Throws: `invalid_type`, `too_short` or `too_many` for the array, or the violations of its elements, with
    ///   fields such as `[2].name`.
    public func read<Element: InputValue>(_ input: JSONValue) throws(Violations) -> [Element] {
        guard input.kind == .array else { throw Violations(.invalidType, "must be an array") }
        guard input.count >= counts.lowerBound else { throw Violations(.tooShort, "must have \(self)") }
        guard input.count <= counts.upperBound else { throw Violations(.tooMany, "must have \(self)") }
        var elements: [Element] = []
        var violations: [Violation] = []
        elements.reserveCapacity(input.count)
        for (index, element) in input.elements.enumerated() where violations.count < Violations.limit {
            do throws(Violations) {
                elements.append(try Element(input: element))
            } catch {
                violations += error.prefixed(with: "[\(index)]").all
            }
        }
        if let violations = Violations(violations) { throw violations }
        return elements
    }
}
