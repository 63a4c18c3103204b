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
