public import Base

/// How many items a list answers at once: 1 to 100.
public struct PageLimit: InputValue, CustomStringConvertible {
    private static let range = IntegerRule(1...100)

    /// The number of items.
    public let count: Int

    /// What a list answers when it is not told.
    public static let standard = PageLimit(count: 20)

    private init(count: Int) {
        self.count = count
    }

    public static var rule: String { range.description }

    public init(input: JSONValue) throws(Violations) {
        count = try Self.range.read(input)
    }

    public var description: String { "\(count)" }
}
