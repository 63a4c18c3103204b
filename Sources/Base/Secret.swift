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

/// A secret that is shown once, in the answer of the call that created it, and stored nowhere.
///
/// ``JSONWriter/hidesSecrets`` makes null of it, for answers that are stored.
public struct OneTimeSecret: OutputValue, CustomStringConvertible, CustomReflectable {
    private let text: String

    /// Wraps a text.
    public init(_ text: String) {
        self.text = text
    }

    /// The text, for the user who created it.
    public func reveal() -> String { text }

    public static var rule: String { "string; null when the call is repeated" }

    public func encode(to json: inout JSONWriter) {
        if json.hidesSecrets { json.null() } else { json.string(text) }
    }

    public var description: String { "<secret>" }

    public var customMirror: Mirror { Mirror(self, children: []) }
}
