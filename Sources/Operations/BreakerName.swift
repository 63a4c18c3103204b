public import Base

/// The name of a circuit breaker, to look for.
public struct BreakerName: InputValue {
    private static let text = TextRule(1...100)

    /// The breakers that there are before anything was called.
    static let always = ["anthropic-ai", "openai"]

    let rawValue: String

    public static var rule: String { text.description }

    public init(input: JSONValue) throws(Violations) {
        rawValue = try Self.text.read(input)
    }
}
