/// A variable of the environment that cannot be used.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
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
