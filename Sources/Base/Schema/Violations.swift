/// The rules that an input violates, ordered by field.
public struct Violations: Error, Hashable, Sendable {
    /// The maximum number of violations that are reported at once.
    public static let limit = 20

    /// The violations: at least one, at most ``limit``.
    public private(set) var all: [Violation]

    public init(_ violation: Violation) {
        all = [violation]
    }

    /// Creates the violation of a rule by the input itself, or by the value that is being parsed.
    public init(_ code: Violation.Code, _ detail: String) {
        self.init(Violation(code, detail))
    }

    /// Creates violations from a list.
    ///
    /// Returns nil if the list is empty.
    public init?(_ found: [Violation]) {
        guard !found.isEmpty else { return nil }
        let sorted = found.enumerated().sorted { left, right in
            let (name, other) = (left.element.field.utf8, right.element.field.utf8)
            return name.elementsEqual(other) ? left.offset < right.offset : name.lexicographicallyPrecedes(other)
        }
        all = sorted.prefix(Self.limit).map(\.element)
    }

    /// Combines these violations with others, without duplicates.
    public func adding(_ others: [Violation]) -> Violations {
        Violations(all + others.filter { !all.contains($0) }) ?? self
    }

    /// The same violations inside a field or an element: `name` in `steps[2]` becomes `steps[2].name`.
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

/// The violation of one rule.
public struct Violation: Error, Hashable, Sendable {
    /// The field, such as `name` or `steps[2].name`; empty for the input itself.
    public var field: String

    /// The kind of rule.
    ///
    /// Callers can rely on it.
    public var code: Code

    /// The rule as text that follows the field's name.
    ///
    /// It never repeats the field's value.
    public var detail: String

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
