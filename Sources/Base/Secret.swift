/// A value that must not be shown.
///
/// Printing, interpolating or logging it gives `[redacted]`.
public struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The secret bytes.
    ///
    /// Read them only where they are needed.
    public let bytes: [UInt8]

    /// Wraps bytes.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Wraps the UTF-8 bytes of a text.
    public init(_ text: String) {
        self.init(Array(text.utf8))
    }

    /// The secret as text.
    ///
    /// Read it only where it is needed.
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

/// A secret that is shown once, in the response of the call that creates it, and is stored nowhere.
///
/// A writer with ``JSONWriter/hidesSecrets`` writes it as null, for responses that are stored.
public struct OneTimeSecret: OutputValue, CustomStringConvertible, CustomReflectable {
    private let text: String

    /// Wraps a text.
    public init(_ text: String) {
        self.text = text
    }

    /// The text, for the user who created the secret.
    public func reveal() -> String { text }

    public static var rule: String { "string; null when the call is repeated" }
    public static var form: ValueForm { .optional(.string()) }

    public func encode(to json: inout JSONWriter) {
        if json.hidesSecrets { json.null() } else { json.string(text) }
    }

    public var description: String { "<secret>" }

    public var customMirror: Mirror { Mirror(self, children: []) }
}
