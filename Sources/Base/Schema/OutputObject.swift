/// A type that is answered as a JSON object, field by field.
public protocol OutputObject: OutputValue {
    /// The fields, in the order they are written.
    static var fields: [OutputField<Self>] { get }
}

extension OutputObject {
    public static var rule: String { "object" }

    public static var outputShape: ObjectShape { ObjectShape(fields: fields.map(\.description)) }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            for field in Self.fields { field.write(self, &json) }
        }
    }
}

/// One field of an output: its name, what it is for, and where its value comes from.
public struct OutputField<Object>: Sendable {
    /// The member of the JSON object.
    public let name: String

    /// What the field is for, as a sentence.
    public let help: String

    private let type: any OutputValue.Type
    let write: @Sendable (Object, inout JSONWriter) -> Void

    /// Makes a field from a value of the object.
    public init<Value: OutputValue>(
        _ name: String,
        _ help: String,
        _ value: @escaping @Sendable (Object) -> Value
    ) {
        self.name = name
        self.help = help
        type = Value.self
        write = { object, json in json.member(name, value(object)) }
    }

    private init(
        name: String,
        help: String,
        type: any OutputValue.Type,
        write: @escaping @Sendable (Object, inout JSONWriter) -> Void
    ) {
        self.name = name
        self.help = help
        self.type = type
        self.write = write
    }

    /// The same field, of an object that has this field's object in it.
    ///
    /// - Parameter inner: Where the object is.
    /// - Returns: The field.
    public func lifted<Outer>(_ inner: @escaping @Sendable (Outer) -> Object) -> OutputField<Outer> {
        let write = write
        return OutputField<Outer>(name: name, help: help, type: type) { object, json in
            write(inner(object), &json)
        }
    }

    /// What the field's values look like.
    public var rule: String { type.rule }

    /// The field in words.
    public var description: FieldDescription {
        FieldDescription(name: name, rule: rule, isRequired: true, help: help, shape: type.outputShape)
    }
}
