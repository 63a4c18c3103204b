public import Base

/// What a run is for: 1 to 2000 characters that people can see, in lines.
public struct PlanGoal: RawRepresentable, Hashable, InputValue, OutputValue {
    private static let text = TextRule(1...2_000, allowsLines: true)

    public let rawValue: String

    public static var rule: String { text.description }

    public init(input: JSONValue) throws(Violations) {
        rawValue = try Self.text.read(input)
    }

    public init?(rawValue: String) {
        guard let goal = try? Self.text.check(rawValue) else { return nil }
        self.rawValue = goal
    }
}
