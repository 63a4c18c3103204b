public import Base

/// The name of a route, which is a list of AI models that the operator defines: 1 to 63 of a to z, 0 to 9, `_` and `-`.
public struct RouteName: InputValue, Hashable {
    public let text: String

    public static var rule: String { "string, 1 to 63 of a to z, 0 to 9, _ and -" }
    public static var form: ValueForm { .pattern("^[a-z0-9][a-z0-9_-]{0,62}$") }

    public init(input: JSONValue) throws(Violations) {
        text = try String(input: input)
        let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
        guard (1...63).contains(text.utf8.count),
            text.utf8.allSatisfy({ letters.contains($0) || $0.isDigit || "_-".utf8.contains($0) }),
            text.utf8.first.map({ !"_-".utf8.contains($0) }) ?? false
        else {
            throw Violations(.invalidFormat, "must have 1 to 63 of a to z, 0 to 9, _ and -, and not begin with a mark")
        }
    }
}
