/// How long a text may be and what it may consist of.
///
/// White space and joiners at both ends are removed first. Then these are refused: control characters (in lines: all
/// but line feed and tab), line and paragraph separators, everything that reorders or hides text (bidirectional
/// controls, zero width spaces, tags and other format characters), characters without a visible form, private use
/// characters and noncharacters. A joiner or a variation selector is accepted only where it changes how the character
/// before it looks: a text has no room for hidden data. At least one character must be visible by itself.
public struct TextRule: Hashable, Sendable, CustomStringConvertible {
    /// The accepted lengths, in Unicode scalars, without white space at the ends.
    public let lengths: ClosedRange<Int>

    private let forbidden: [Unicode.Scalar]
    private let allowsLines: Bool

    /// Makes a rule.
    ///
    /// - Parameters:
    ///   - lengths: The lengths to accept, in Unicode scalars, after white space at the ends is removed.
    ///   - forbidden: Characters to refuse beside those that always are.
    ///   - allowsLines: Whether line feeds and tabs are accepted.
    public init(_ lengths: ClosedRange<Int>, forbidding forbidden: [Unicode.Scalar] = [], allowsLines: Bool = false) {
        self.lengths = lengths
        self.forbidden = forbidden
        self.allowsLines = allowsLines
    }

    public var description: String { "string, \(characters)" }

    public var form: ValueForm { .text(self) }

    /// Reads a text.
    ///
    /// - Returns: The text without white space at the ends.
    /// - Throws: `invalid_type`, or what ``check(_:)`` throws.
    public func read(_ input: JSONValue) throws(Violations) -> String {
        try check(try String(input: input))
    }

    /// Checks a text.
    ///
    /// - Returns: The text without white space at the ends.
    /// - Throws: `too_short`, `too_long`, `invalid_characters`, or two of them.
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
        if !trimmed.allSatisfy(accepts) || trimmed.hasHiddenScalars {
            violations.append(Violation(.invalidCharacters, "must not contain \(exclusions)"))
        } else if !trimmed.contains(where: \.isVisibleBase) {
            violations.append(Violation(.invalidCharacters, "must contain a visible character"))
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

    /// Whether a scalar is removed from the ends of a text.
    public static func trims(_ scalar: Unicode.Scalar) -> Bool { scalar.isBlank }

    /// Whether a text may contain a scalar, joiners and variation selectors only where they have an effect.
    public func accepts(_ scalar: Unicode.Scalar) -> Bool {
        if forbidden.contains(scalar) { return false }
        if allowsLines, scalar == "\n" || scalar == "\t" { return true }
        return scalar.isPlain
    }
}
