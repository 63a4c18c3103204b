/// A value that can be written as JSON.
public protocol JSONEncodable {
    /// Writes exactly one JSON value.
    func encode(to json: inout JSONWriter)
}

extension JSONEncodable {
    /// The value as JSON text in UTF-8.
    public var jsonBytes: [UInt8] {
        var json = JSONWriter()
        encode(to: &json)
        return json.bytes
    }
}

extension JSONEncodable where Self: RawRepresentable, RawValue: JSONEncodable {
    public func encode(to json: inout JSONWriter) { rawValue.encode(to: &json) }
}

extension String: JSONEncodable {
    public func encode(to json: inout JSONWriter) { json.string(self) }
}

extension Int: JSONEncodable {
    public func encode(to json: inout JSONWriter) { json.integer(self) }
}

extension Int64: JSONEncodable {
    public func encode(to json: inout JSONWriter) { json.integer(self) }
}

extension Bool: JSONEncodable {
    public func encode(to json: inout JSONWriter) { json.bool(self) }
}

extension UUID: JSONEncodable {
    public func encode(to json: inout JSONWriter) { json.string(description) }
}

extension ID: JSONEncodable {
    public func encode(to json: inout JSONWriter) { json.string(description) }
}

extension Timestamp: JSONEncodable {
    public func encode(to json: inout JSONWriter) { json.string(description) }
}

extension Optional: JSONEncodable where Wrapped: JSONEncodable {
    public func encode(to json: inout JSONWriter) {
        switch self {
        case .some(let value): value.encode(to: &json)
        case .none: json.null()
        }
    }
}

extension Array: JSONEncodable where Element: JSONEncodable {
    public func encode(to json: inout JSONWriter) {
        json.array { json in
            for element in self { json.element(element) }
        }
    }
}
