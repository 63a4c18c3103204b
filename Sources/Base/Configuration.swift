public import System

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

extension Environment {
    /// The value of a variable that must be set.
    ///
    /// - Throws: ``ConfigurationError`` when it is not.
    public func required(_ name: String) throws(ConfigurationError) -> String {
        guard let value = self[name] else { throw ConfigurationError(name, "must be set") }
        return value
    }

    /// The whole number that a variable holds, where it is set.
    ///
    /// - Throws: ``ConfigurationError`` for anything but a number in the range.
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

    /// Whether a variable says yes.
    ///
    /// - Throws: ``ConfigurationError`` for anything but 0 and 1.
    public func flag(_ name: String) throws(ConfigurationError) -> Bool {
        switch self[name] {
        case nil, "0": return false
        case "1": return true
        default: throw ConfigurationError(name, "must be 0 or 1")
        }
    }
}
