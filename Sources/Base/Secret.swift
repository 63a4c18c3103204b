/// A value that must not be shown: printing it, interpolating it or logging it gives `[redacted]`.
public struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The value itself, for the one place that needs it.
    public let bytes: [UInt8]

    /// Hides bytes.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Hides the UTF-8 of a text.
    public init(_ text: String) {
        self.init(Array(text.utf8))
    }

    /// The value as text, for the one place that needs it.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    public var description: String { "[redacted]" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension Secret: JSONEncodable {
    public func encode(to json: inout JSONWriter) {
        json.string(description)
    }
}
