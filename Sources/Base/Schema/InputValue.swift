/// A type whose values are read from input, and are valid once they exist.
///
/// ```swift
/// struct TeamName: InputValue {
///     static let text = TextRule(2...100)
///     static var rule: String { text.description }
///
///     let text: String
///
///     init(input: JSONValue) throws(Violations) {
///         text = try Self.text.read(input)
///     }
/// }
/// ```
public protocol InputValue: DescribedValue {
    /// Reads and checks a value.
    ///
    /// - Throws: Every rule that the value breaks.
    init(input: JSONValue) throws(Violations)

    /// The fields of the objects that the values are, or contain; none unless the type says otherwise.
    static var inputShape: ObjectShape { get }
}

extension InputValue {
    public static var inputShape: ObjectShape { ObjectShape() }
}

extension String: InputValue {
    public init(input: JSONValue) throws(Violations) {
        guard let string = input.string else { throw Violations(.invalidType, "must be a string") }
        self = string
    }
}

extension Int: InputValue {
    public init(input: JSONValue) throws(Violations) {
        guard let integer = input.integer else {
            guard input.isWholeNumber else { throw Violations(.invalidType, "must be a whole number") }
            throw Violations(.outOfRange, "must fit 64 bits")
        }
        self = integer
    }
}

extension Bool: InputValue {
    public init(input: JSONValue) throws(Violations) {
        guard let bool = input.bool else { throw Violations(.invalidType, "must be true or false") }
        self = bool
    }
}

extension UUID: InputValue {
    public init(input: JSONValue) throws(Violations) {
        guard let uuid = UUID(try String(input: input)) else {
            throw Violations(.invalidFormat, "must be a UUID, as in 8-4-4-4-12 hexadecimal digits")
        }
        self = uuid
    }
}

extension ID: InputValue {
    public init(input: JSONValue) throws(Violations) {
        self.init(try UUID(input: input))
    }
}

extension Timestamp: InputValue {
    public init(input: JSONValue) throws(Violations) {
        guard let timestamp = Timestamp(try String(input: input)) else {
            throw Violations(.invalidFormat, "must be an RFC 3339 time, as in 2026-01-31T12:00:00Z")
        }
        self = timestamp
    }
}

extension JSONText: InputValue {
    public init(input: JSONValue) throws(Violations) {
        guard input.hasOnlyStorableNumbers else {
            throw Violations(.outOfRange, "must not contain numbers that a 64-bit floating-point number cannot hold")
        }
        self = input.text
    }
}

extension Optional: InputValue where Wrapped: InputValue {
    public init(input: JSONValue) throws(Violations) {
        self = input.isNull ? nil : try Wrapped(input: input)
    }

    public static var inputShape: ObjectShape { Wrapped.inputShape }
}

extension Array: InputValue where Element: InputValue {
    public init(input: JSONValue) throws(Violations) {
        self = try ListRule(0...1_000).read(input)
    }

    public static var inputShape: ObjectShape { Element.inputShape }
}

/// An enumeration of strings that is read from input by the exact names of its cases.
public protocol InputEnumeration: InputValue, CaseIterable, RawRepresentable where RawValue == String {}

extension InputEnumeration {
    public init(input: JSONValue) throws(Violations) {
        let name = try String(input: input).utf8
        // Not `init(rawValue:)`: a string equals others that look the same, such as one with a Kelvin sign for a K.
        guard let value = Self.allCases.first(where: { $0.rawValue.utf8.elementsEqual(name) }) else {
            throw Violations(.invalidEnum, "must be \(Self.rule)")
        }
        self = value
    }
}

extension InputEnumeration {
    /// Reads a list that names each case at most once, in whatever order.
    ///
    /// - Returns: The cases in their usual order.
    /// - Throws: What the list's rule throws, or `invalid_format` for one that is named twice.
    public static func distinct(_ input: JSONValue, in list: ListRule) throws(Violations) -> [Self] {
        let named: [Self] = try list.read(input)
        let cases = allCases.filter { known in
            named.contains { $0.rawValue.utf8.elementsEqual(known.rawValue.utf8) }
        }
        guard cases.count == named.count else { throw Violations(.invalidFormat, "must name each once") }
        return cases
    }
}

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

/// What an update does to a value that can be empty.
public enum Change<Value> {
    /// The field was absent: leave the value.
    case keep

    /// The field was null: empty the value.
    case clear

    /// The field had a value: take it.
    case set(Value)
}

extension Change: Sendable where Value: Sendable {}
extension Change: Equatable where Value: Equatable {}
extension Change: Hashable where Value: Hashable {}
