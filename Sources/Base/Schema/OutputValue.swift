/// A type whose values are part of answers.
public protocol OutputValue: JSONEncodable, DescribedValue {}

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
extension Optional: OutputValue where Wrapped: OutputValue {}
extension Array: OutputValue where Element: OutputValue {}
