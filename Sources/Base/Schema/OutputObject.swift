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

/// A type whose values are part of answers.
public protocol OutputValue: JSONEncodable, DescribedValue {
    /// The fields of the objects that the values are, or contain; none unless the type says otherwise.
    static var outputShape: ObjectShape { get }
}

extension OutputValue {
    public static var outputShape: ObjectShape { ObjectShape() }
}

extension JSONEncodable where Self: RawRepresentable, RawValue == String {
    public func encode(to json: inout JSONWriter) { json.string(rawValue) }
}

extension String: OutputValue {}
extension Int: OutputValue {}
extension Int64: OutputValue {}
extension Bool: OutputValue {}
extension UUID: OutputValue {}
extension ID: OutputValue {}
extension Timestamp: OutputValue {}
extension JSONText: OutputValue {}

extension Optional: OutputValue where Wrapped: OutputValue {
    public static var outputShape: ObjectShape { Wrapped.outputShape }
}

extension Array: OutputValue where Element: OutputValue {
    public static var outputShape: ObjectShape { Element.outputShape }
}

/// An output that is answered as text where its caller asks for that rather than for JSON.
public protocol TextOutput: OutputValue {
    /// The types to ask for in `Accept`, in lower case and without parameters, such as `text/plain`.
    static var textTypes: [String] { get }

    /// What the text is, as `Content-Type` says it.
    static var textContentType: String { get }

    /// The output as text.
    var text: String { get }
}
