public import Base

/// How long an API key lasts: 1 to 366 days of 24 hours.
public struct KeyLifetime: InputValue, CustomStringConvertible {
    private static let range = IntegerRule(1...366)

    /// The number of days.
    public let days: Int

    /// What a key gets when nothing is said.
    public static let standard = KeyLifetime(days: 90)

    private init(days: Int) {
        self.days = days
    }

    public static var rule: String { range.description }

    public init(input: JSONValue) throws(Violations) {
        days = try Self.range.read(input)
    }

    public var description: String { "\(days)" }
}
