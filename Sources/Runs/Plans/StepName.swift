public import Base

/// What a plan calls a step: 1 to 200 characters that people can see, unique in its plan.
public struct StepName: RawRepresentable, Hashable, InputValue, OutputValue {
    private static let text = TextRule(1...200)

    public let rawValue: String

    public static var rule: String { text.description }

    public init(input: JSONValue) throws(Violations) {
        rawValue = try Self.text.read(input)
    }

    public init?(rawValue: String) {
        guard let name = try? Self.text.check(rawValue) else { return nil }
        self.rawValue = name
    }
}
