/// Why a message was not sent.
public struct MailError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Whether it makes no sense to try again.
    public let isPermanent: Bool

    /// What happened, without addresses and other values.
    public let description: String

    init(isPermanent: Bool, _ description: String) {
        self.isPermanent = isPermanent
        self.description = description
    }
}

/// A variable of the environment that cannot be used.
public struct MailConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The variable's name.
    public let variable: String

    /// What its value must be; never what it is.
    public let rule: String

    /// Makes an error.
    public init(_ variable: String, _ rule: String) {
        self.variable = variable
        self.rule = rule
    }

    public var description: String { "\(variable): \(rule)" }
}
