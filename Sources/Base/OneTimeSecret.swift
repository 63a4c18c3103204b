/// A text that is told once, in the answer of the call that made it, and kept nowhere.
///
/// ``JSONWriter/hidesSecrets`` makes null of it, for answers that are stored.
public struct OneTimeSecret: OutputValue, CustomStringConvertible, CustomReflectable {
    private let text: String

    /// Wraps a text.
    public init(_ text: String) {
        self.text = text
    }

    /// The text, for whoever it was made for.
    public func reveal() -> String { text }

    public static var rule: String { "string; null when the call is repeated" }

    public func encode(to json: inout JSONWriter) {
        if json.hidesSecrets { json.null() } else { json.string(text) }
    }

    public var description: String { "<secret>" }

    public var customMirror: Mirror { Mirror(self, children: []) }
}
