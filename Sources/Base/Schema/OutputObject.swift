/// A type that is written as a JSON object, field by field.
public protocol OutputObject: OutputValue {
    /// The fields, in the order in which they are written.
    static var fields: [OutputField<Self>] { get }
}

extension OutputObject {
    public static var rule: String { "object" }
    public static var form: ValueForm { .object }

    public static var outputShape: ObjectShape { ObjectShape(fields: fields.map(\.description)) }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            for field in Self.fields { field.write(self, &json) }
        }
    }
}

/// A field of an output: its name, its purpose, and the source of its value.
public struct OutputField<Object>: Sendable {
    /// The name of the member of the JSON object.
    public let name: String

    /// One sentence about the purpose of the field.
    public let help: String

    private let type: any OutputValue.Type
    let write: @Sendable (Object, inout JSONWriter) -> Void

    /// Creates a field from a value of the object.
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

    /// The same field, for an object that contains this field's object.
    ///
    /// - Parameter inner: Returns the inner object.
    /// - Returns: The field.
    public func lifted<Outer>(_ inner: @escaping @Sendable (Outer) -> Object) -> OutputField<Outer> {
        let write = write
        return OutputField<Outer>(name: name, help: help, type: type) { object, json in
            write(inner(object), &json)
        }
    }

    /// The format of the field's values.
    public var rule: String { type.rule }

    /// The description of the field.
    public var description: FieldDescription {
        FieldDescription(name: name, rule: rule, form: type.form, isRequired: true, help: help, shape: type.outputShape)
    }
}

/// A type whose values can be part of a response.
public protocol OutputValue: JSONEncodable, DescribedValue {
    /// The fields of the objects that the values are or contain. The default is none.
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

/// An output that is sent as server-sent events if the caller asked for them.
public protocol EventOutput: OutputValue {
    /// The events, as one text of type `text/event-stream`; nil for JSON.
    var events: [UInt8]? { get }
}

/// An output that is sent as text if the caller prefers text to JSON.
public protocol TextOutput: OutputValue {
    /// The media types in `Accept` that select the text, in lower case and without parameters, such as `text/plain`.
    static var textTypes: [String] { get }

    /// The media type of the text, for `Content-Type`.
    static var textContentType: String { get }

    var text: String { get }
}
