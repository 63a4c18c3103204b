/// Every rule that an input breaks, ordered by field.
public struct Violations: Error, Hashable, Sendable {
    /// The most violations that are reported at once.
    public static let limit = 20

    /// The violations: one or more, never more than ``limit``.
    public private(set) var all: [Violation]

    /// Makes violations of one.
    public init(_ violation: Violation) {
        all = [violation]
    }

    /// Makes the violation of a rule by the input itself, or by the value that is being read.
    public init(_ code: Violation.Code, _ detail: String) {
        self.init(Violation(code, detail))
    }

    /// Makes violations of those that were found; nil where none was.
    public init?(_ found: [Violation]) {
        guard !found.isEmpty else { return nil }
        let sorted = found.enumerated().sorted { left, right in
            let (name, other) = (left.element.field.utf8, right.element.field.utf8)
            return name.elementsEqual(other) ? left.offset < right.offset : name.lexicographicallyPrecedes(other)
        }
        all = sorted.prefix(Self.limit).map(\.element)
    }

    /// These violations and others; one that is among both is there once.
    public func adding(_ others: [Violation]) -> Violations {
        Violations(all + others.filter { !all.contains($0) }) ?? self
    }

    /// The same violations inside a field or an element: `name` in `steps[2]` is `steps[2].name`.
    public func prefixed(with field: String) -> Violations {
        var copy = self
        for index in all.indices {
            let inner = all[index].field
            let separator = inner.isEmpty || inner.utf8.first == UInt8(ascii: "[") ? "" : "."
            copy.all[index].field = field + separator + inner
        }
        return copy
    }
}

/// One rule that an input breaks.
public struct Violation: Error, Hashable, Sendable {
    /// The field, such as `name` or `steps[2].name`; empty for the input itself.
    public var field: String

    /// The kind of rule, which callers can rely on.
    public var code: Code

    /// The rule, in words that follow the field's name and never repeat what the field holds.
    public var detail: String

    /// Makes a violation from a field, the kind of rule and the rule in words.
    public init(field: String = "", _ code: Code, _ detail: String) {
        self.field = field
        self.code = code
        self.detail = detail
    }

    /// The kinds of rules.
    public enum Code: String, CaseIterable, Sendable {
        case required
        case unknownField = "unknown_field"
        case invalidType = "invalid_type"
        case tooShort = "too_short"
        case tooLong = "too_long"
        case invalidFormat = "invalid_format"
        case invalidCharacters = "invalid_characters"
        case invalidEmail = "invalid_email"
        case invalidEnum = "invalid_enum"
        case outOfRange = "out_of_range"
        case tooLarge = "too_large"
        case tooMany = "too_many"
        case duplicate
        case notFound = "not_found"
        case circular
    }
}
