/// A field of an input or an output, in words.
public struct FieldDescription: Hashable, Sendable, CustomStringConvertible {
    /// The member of the JSON object.
    public let name: String

    /// What its values look like.
    public let rule: String

    /// Whether the field must be there, as all fields of an output are.
    public let isRequired: Bool

    /// What the field is for, as a sentence.
    public let help: String

    public var description: String {
        "\(name): \(rule)\(isRequired ? "" : ", optional"). \(help)"
    }
}
