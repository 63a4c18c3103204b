/// The rule for the length and the characters of a text.
///
/// White space at both ends is removed first. The rule then rejects control characters (except line feed and tab if
/// lines are allowed), line and paragraph separators, characters that reorder or hide text (bidirectional controls,
/// zero width spaces, tags and other format characters), private use characters and noncharacters. It accepts variation
/// selectors and the two joiners that some scripts and emoji need, but only inside a text.
public struct TextRule: Hashable, Sendable, CustomStringConvertible {
    private let lengths: ClosedRange<Int>
    private let forbidden: [Unicode.Scalar]
    private let allowsLines: Bool

    /// Creates a rule.
    ///
    /// - Parameters:
    ///   - lengths: The accepted lengths in Unicode scalars, after white space at the ends is removed.
    ///   - forbidden: Additional characters to reject.
    ///   - allowsLines: Whether line feeds and tabs are accepted.
    public init(_ lengths: ClosedRange<Int>, forbidding forbidden: [Unicode.Scalar] = [], allowsLines: Bool = false) {
        self.lengths = lengths
        self.forbidden = forbidden
        self.allowsLines = allowsLines
    }

    public var description: String { "string, \(characters)" }

    /// Parses a text.
    ///
    /// - Returns: The text without white space at the ends.
    /// - Throws: `invalid_type`, or the errors of ``check(_:)``.
    public func read(_ input: JSONValue) throws(Violations) -> String {
        try check(try String(input: input))
    }

    /// Validates a text.
    ///
    /// - Returns: The text without white space at the ends.
    /// - Throws: `too_short`, `too_long` or `invalid_characters`, or several of them.
    public func check(_ text: String) throws(Violations) -> String {
        let scalars = text.unicodeScalars
        guard
            let first = scalars.firstIndex(where: { !$0.isBlank }),
            let last = scalars.lastIndex(where: { !$0.isBlank })
        else {
            guard lengths.lowerBound > 0 else { return "" }
            throw Violations(.tooShort, "must have \(characters)")
        }
        let trimmed = scalars[first...last]
        var violations: [Violation] = []
        let length = trimmed.count
        if length < lengths.lowerBound { violations.append(Violation(.tooShort, "must have \(characters)")) }
        if length > lengths.upperBound { violations.append(Violation(.tooLong, "must have \(characters)")) }
        if !trimmed.allSatisfy(accepts) {
            violations.append(Violation(.invalidCharacters, "must not contain \(exclusions)"))
        }
        if let violations = Violations(violations) { throw violations }
        return String(Substring(trimmed))
    }
}

extension TextRule {
    private var characters: String {
        switch (lengths.lowerBound, lengths.upperBound) {
        case (0, let maximum): "at most \(maximum) characters"
        case (let minimum, let maximum) where minimum == maximum: "\(maximum) characters"
        case (let minimum, let maximum): "\(minimum) to \(maximum) characters"
        }
    }

    private var exclusions: String {
        let names = forbidden.map { "\($0)" }
        return (["control characters", "invisible characters"] + names).joined(separator: ", ")
    }

    private func accepts(_ scalar: Unicode.Scalar) -> Bool {
        if forbidden.contains(scalar) { return false }
        if allowsLines, scalar == "\n" || scalar == "\t" { return true }
        return scalar.isPlain
    }
}

extension Unicode.Scalar {
    /// Whether the scalar is invisible at the end of a text: white space and joiners.
    fileprivate var isBlank: Bool {
        isASCII ? value == 0x20 || (0x09...0x0D).contains(value) : properties.isWhitespace || isJoiner
    }

    /// Whether the scalar is acceptable in a text for people.
    ///
    /// Unassigned scalars are accepted, because the standard library's Unicode version determines which scalars are
    /// unassigned. Otherwise new emoji would be rejected.
    fileprivate var isPlain: Bool {
        if isASCII { return (0x20...0x7E).contains(value) }
        if isJoiner || properties.isVariationSelector { return true }
        if properties.isDefaultIgnorableCodePoint || properties.isNoncharacterCodePoint { return false }
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate: return false
        default: return true
        }
    }

    private var isJoiner: Bool { value == 0x200C || value == 0x200D }
}

/// The rule for a whole number.
public struct IntegerRule: Hashable, Sendable, CustomStringConvertible {
    private let range: ClosedRange<Int>

    public init(_ range: ClosedRange<Int>) {
        self.range = range
    }

    public var description: String { "integer, \(range.lowerBound) to \(range.upperBound)" }

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
