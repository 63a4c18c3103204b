/// One JSON value in the bytes it came in, for what is passed on rather than looked into.
public struct JSONText: Hashable, Sendable, JSONEncodable, CustomStringConvertible {
    /// The JSON, in UTF-8.
    public let bytes: [UInt8]

    /// Takes bytes that are known to be one JSON value.
    public init(trusted bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The JSON of a value.
    public init(_ value: some JSONEncodable) {
        bytes = value.jsonBytes
    }

    public var description: String { String(decoding: bytes, as: UTF8.self) }

    public func encode(to json: inout JSONWriter) {
        json.raw(bytes)
    }
}
