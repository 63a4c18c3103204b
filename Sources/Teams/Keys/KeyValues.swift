public import Base
public import Core
public import Postgres

/// An API key's name: 1 to 100 visible characters.
///
/// A stored name is not checked again.
public struct KeyName: RawRepresentable, Hashable, InputValue, OutputValue, PostgresEncodable, PostgresDecodable {
    private static let text = TextRule(1...100)

    public let rawValue: String

    public static var rule: String { text.description }
    public static var form: ValueForm { text.form }

    public init(input: JSONValue) throws(Violations) {
        rawValue = try Self.text.read(input)
    }

    public init?(rawValue: String) {
        guard let name = try? Self.text.check(rawValue) else { return nil }
        self.rawValue = name
    }

    private init(stored text: String) {
        rawValue = text
    }

    public init(postgres cell: PostgresCell) throws(PostgresError) {
        self.init(stored: try String(postgres: cell))
    }
}

/// The scopes of a new API key: at least one, each at most once.
public struct KeyScopes: InputValue {
    private static let list = ListRule(1...Scope.allCases.count)

    /// The scopes, in the order in which they are declared.
    public let scopes: [Scope]

    public static var rule: String { "\([Scope].rule), \(list), each once" }
    public static var form: ValueForm { .array(Scope.form, 1...Scope.allCases.count, isSet: true) }

    public init(input: JSONValue) throws(Violations) {
        scopes = try Scope.distinct(input, in: Self.list)
    }
}

/// How long an API key is valid: 1 to 366 days of 24 hours.
public struct KeyLifetime: InputValue, CustomStringConvertible {
    private static let range = IntegerRule(1...366)

    public let days: Int

    /// The default: 90 days.
    public static let standard = KeyLifetime(days: 90)

    private init(days: Int) {
        self.days = days
    }

    public static var rule: String { range.description }
    public static var form: ValueForm { range.form }

    public init(input: JSONValue) throws(Violations) {
        days = try Self.range.read(input)
    }

    public var description: String { "\(days)" }
}
