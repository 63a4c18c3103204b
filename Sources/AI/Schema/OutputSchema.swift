public import Base

/// The form that a model's answer is to have, in JSON Schema.
public struct OutputSchema: Sendable, Hashable {
    /// What the form is called.
    public let name: String

    /// The JSON Schema.
    public let text: JSONText
}
