import Glibc

/// The environment variables of the process.
public struct Environment: Sendable {
    /// The entries that a test supplies.
    ///
    /// If nil, variables are read from the process's own environment.
    private let entries: [(name: String, value: String)]?

    /// Creates an environment from name and value pairs, for tests.
    public init(_ entries: [(String, String)]) {
        self.entries = entries.map { (name: $0.0, value: $0.1) }
    }

    private init() {
        entries = nil
    }

    /// The environment of this process.
    public static func current() -> Environment {
        Environment()
    }

    /// Sets a variable of this process.
    ///
    /// Only at start, while the process has one thread.
    public static func set(_ name: String, _ value: String) {
        setenv(name, value, 1)
    }

    /// The value of a variable, or nil if it is unset or empty.
    public subscript(_ name: String) -> String? {
        guard let value = value(of: name), !value.isEmpty else { return nil }
        return value
    }

    /// Whether a variable is set, even to an empty value.
    public func contains(_ name: String) -> Bool {
        guard let entries else { return getenv(name) != nil }
        return entries.contains { $0.name == name }
    }

    /// Whether a variable's name starts with `prefix`, not counting the variable named `exception`.
    public func containsName(startingWith prefix: StaticString, except exception: StaticString = "") -> Bool {
        if let entries {
            return entries.contains {
                $0.name.hasPrefix(prefix.description) && $0.name != exception.description
            }
        }
        var next = environ
        while let variable = next.pointee {
            let end = exception.utf8CodeUnitCount
            let isExcepted =
                strncmp(variable, exception.utf8Start, end) == 0 && variable[end] == CChar(UInt8(ascii: "="))
            if strncmp(variable, prefix.utf8Start, prefix.utf8CodeUnitCount) == 0, !isExcepted { return true }
            next += 1
        }
        return false
    }

    /// Every variable, in the order in which the process got them.
    ///
    /// A name may be there more than once.
    public var all: [(name: String, value: String)] {
        if let entries { return entries }
        var found: [(name: String, value: String)] = []
        var next = environ
        while let variable = next.pointee {
            let text = String(cString: variable)
            if let end = text.utf8.firstIndex(of: UInt8(ascii: "=")) {
                found.append((String(text[..<end]), String(text[text.utf8.index(after: end)...])))
            }
            next += 1
        }
        return found
    }

    private func value(of name: String) -> String? {
        guard let entries else { return getenv(name).map { String(cString: $0) } }
        return entries.first { $0.name == name }?.value
    }
}
