/// The error of a text that is not valid JSON, with its position.
///
/// The description is safe to return to the caller: it contains the rule and the position, and repeats no part of the
/// text.
public struct JSONSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The violated rule.
    public let reason: Reason

    /// The position in bytes from the start of the text.
    public let offset: Int

    public init(_ reason: Reason, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    public var description: String { "\(reason.sentence) at byte \(offset)" }

    /// A rule of RFC 8259, or one of this parser's stricter rules.
    public enum Reason: String, CaseIterable, Sendable {
        case empty
        case tooLarge
        case tooDeep
        case notUTF8
        case byteOrderMark
        case duplicateKey
        case nulCharacter
        case controlCharacter
        case loneSurrogate
        case invalidEscape
        case invalidNumber
        case trailingComma
        case trailingData
        case unexpectedByte
        case unexpectedEnd
    }
}

extension JSONSyntaxError.Reason {
    fileprivate var sentence: String {
        switch self {
        case .empty: "the JSON text is empty"
        case .tooLarge: "the JSON text is too large"
        case .tooDeep: "the JSON text is nested too deeply"
        case .notUTF8: "the JSON text is not valid UTF-8"
        case .byteOrderMark: "the JSON text starts with a byte order mark"
        case .duplicateKey: "an object has the same key twice"
        case .nulCharacter: "a string contains the character U+0000"
        case .controlCharacter: "a string contains a control character that is not escaped"
        case .loneSurrogate: "a string contains half of a surrogate pair"
        case .invalidEscape: "a string contains an invalid escape sequence"
        case .invalidNumber: "a number is malformed"
        case .trailingComma: "a comma is followed by nothing"
        case .trailingData: "the JSON value is followed by something else"
        case .unexpectedByte: "the JSON text is malformed"
        case .unexpectedEnd: "the JSON text ends too early"
        }
    }
}
