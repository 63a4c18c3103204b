public import System

/// An environment variable with an invalid value.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The variable's name.
    public let variable: String

    /// The rule for the value.
    ///
    /// It never contains the value itself.
    public let rule: String

    public init(_ variable: String, _ rule: String) {
        self.variable = variable
        self.rule = rule
    }

    public var description: String { "\(variable): \(rule)" }
}

extension Environment {
    /// The value of a required variable.
    ///
    /// - Throws: ``ConfigurationError`` if the variable is not set.
    public func required(_ name: String) throws(ConfigurationError) -> String {
        guard let value = self[name] else { throw ConfigurationError(name, "must be set") }
        return value
    }

    /// The value of a variable as a whole number.
    ///
    /// Returns the default if the variable is not set.
    ///
    /// - Throws: ``ConfigurationError`` unless the value is a number in the range.
    public func integer(
        _ name: String,
        in range: ClosedRange<Int>,
        default fallback: Int
    ) throws(ConfigurationError) -> Int {
        guard let text = self[name] else { return fallback }
        guard let value = Int(text), range.contains(value) else {
            throw ConfigurationError(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// Whether a variable is `1`.
    ///
    /// - Throws: ``ConfigurationError`` for values other than 0 and 1.
    public func flag(_ name: String) throws(ConfigurationError) -> Bool {
        switch self[name] {
        case nil, "0": return false
        case "1": return true
        default: throw ConfigurationError(name, "must be 0 or 1")
        }
    }
}
