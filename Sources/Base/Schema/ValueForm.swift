/// The form of a type's values in the terms of JSON Schema, from which the OpenAPI document is written.
///
/// ``DescribedValue/rule`` describes the same form in words.
public indirect enum ValueForm: Hashable, Sendable {
    case any
    case boolean
    case integer(ClosedRange<Int>)
    case number(ClosedRange<Int>)

    /// A string: a regular expression of ECMA-262, a format of JSON Schema, and the largest number of characters.
    case string(pattern: String? = nil, format: String? = nil, atMost: Int? = nil)

    /// A string that people read.
    case text(TextRule)

    /// A relative path that people read.
    case path(TextRule)

    /// One of these strings.
    case names([String])

    /// An object whose fields the type's shape lists.
    case object

    /// An object with members of any name, or of names that match a pattern.
    case map(ValueForm, named: String? = nil)

    /// An array; in a set, no element occurs twice.
    case array(ValueForm, ClosedRange<Int>? = nil, isSet: Bool = false)

    /// A value, or null.
    case optional(ValueForm)

    case either([ValueForm])

    /// A string with this pattern.
    public static func pattern(_ pattern: String, atMost length: Int? = nil) -> ValueForm {
        .string(pattern: pattern, atMost: length)
    }

    /// A string with this format.
    public static func format(_ format: String) -> ValueForm { .string(format: format) }
}

/// A rule about which of an object's fields must be present and not null.
public enum FieldChoice: Hashable, Sendable {
    case exactlyOne([String])
    /// One of the fields is present, or another one is present or null.
    case atLeastOne([String], orNull: String)
    /// Either the field is present, or the flag is true.
    case field(String, orFlag: String)
}
