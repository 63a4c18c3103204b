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
