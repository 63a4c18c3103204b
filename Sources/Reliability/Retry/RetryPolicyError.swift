/// A policy that makes no sense, and which of its parameters is to blame.
public struct RetryPolicyError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The parameter's name.
    public let parameter: String

    /// What its value must be; never what it is.
    public let rule: String

    init(_ parameter: String, _ rule: String) {
        self.parameter = parameter
        self.rule = rule
    }

    public var description: String { "\(parameter): \(rule)" }
}
