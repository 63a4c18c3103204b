import Glibc

/// The variables a process was started with.
///
/// The process's own environment is walked once, because `getenv` hides that a name is there twice:
/// web servers that fold header names can put an attacker's spelling in front of the real one.
public struct Environment: Sendable {
    private let entries: [(name: String, value: String)]

    /// Makes an environment from name and value pairs, as tests do.
    public init(_ entries: [(String, String)]) {
        self.entries = entries.map { (name: $0.0, value: $0.1) }
    }

    /// The environment of this process.
    public static func current() -> Environment {
        var entries: [(String, String)] = []
        entries.reserveCapacity(32)
        var next = environ
        while let variable = next.pointee {
            if let separator = strchr(variable, 0x3D) {
                let name = UnsafeRawBufferPointer(start: variable, count: separator - variable)
                entries.append((String(decoding: name, as: UTF8.self), String(cString: separator + 1)))
            }
            next += 1
        }
        return Environment(entries)
    }

    /// The value of a variable; nil when it is not set or empty.
    public subscript(_ name: String) -> String? {
        guard let entry = entries.first(where: { $0.name == name }), !entry.value.isEmpty else { return nil }
        return entry.value
    }

    /// Whether a variable is there, be it empty.
    public func contains(_ name: String) -> Bool {
        entries.contains { $0.name == name }
    }

    /// The names that satisfy a condition, each as often as it is there.
    public func names(where condition: (String) -> Bool) -> [String] {
        entries.map(\.name).filter(condition)
    }
}
