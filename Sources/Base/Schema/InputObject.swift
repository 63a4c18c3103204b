/// A type that is read from a JSON object, field by field.
public protocol InputObject: InputValue {
    /// The fields, and how they make a value.
    static var schema: Schema<Self> { get }
}

extension InputObject {
    public static var rule: String { "object" }

    public init(input: JSONValue) throws(Violations) {
        self = try Self.schema.decode(input)
    }

    public static var inputShape: ObjectShape { ObjectShape(fields: schema.fields) }
}

/// The input of an endpoint that takes none: an empty object.
public struct NoInput: InputObject, Hashable {
    /// Makes the input.
    public init() {}

    public static var schema: Schema<NoInput> { Schema(into: NoInput.init) }
}
