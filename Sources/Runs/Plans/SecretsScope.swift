public import Base

/// Which secrets a step may use: 1 to 63 of `a` to `z`, `0` to `9`, `_` and `-`, the first of them a letter or a digit.
public struct SecretsScope: RawRepresentable, Hashable, InputValue, OutputValue {
    public let rawValue: String

    public static var rule: String { "string, 1 to 63 of a to z, 0 to 9, _ and -" }

    public init(input: JSONValue) throws(Violations) {
        guard let scope = SecretsScope(rawValue: try String(input: input)) else {
            throw Violations(.invalidFormat, "must have 1 to 63 of a to z, 0 to 9, _ and -, and not begin with a mark")
        }
        self = scope
    }

    public init?(rawValue: String) {
        let bytes = rawValue.utf8
        guard (1...63).contains(bytes.count), bytes.first.map(Self.isLetterOrDigit) ?? false,
            bytes.allSatisfy({ Self.isLetterOrDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") })
        else { return nil }
        self.rawValue = rawValue
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
