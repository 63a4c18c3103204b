import Base
import System

/// A variable that holds a JSON text or the path of a file with one.
enum ConfigurationText {
    /// The largest file, in bytes.
    private static let limit = 1 << 20

    /// Reads a variable: a value that begins with `[` or `{` is a JSON text, and any other value is a path.
    ///
    /// - Returns: The JSON text; nil if the variable is not set.
    /// - Throws: `ConfigurationError`, which does not repeat the text.
    static func read(
        _ variable: String,
        from environment: Environment
    ) throws(ConfigurationError) -> JSONDocument? {
        guard let value = environment[variable] else { return nil }
        let first = value.utf8.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        let isText = first == UInt8(ascii: "[") || first == UInt8(ascii: "{")
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = isText ? Array(value.utf8) : try RegularFile.read(value, limit: limit)
        } catch {
            throw ConfigurationError(
                variable,
                "must be a JSON array, or the path of a file of at most 1 MiB that can be read, but \(error)"
            )
        }
        do throws(JSONSyntaxError) {
            return try JSONDocument(parsing: bytes, limits: JSONLimits(bytes: limit, depth: 16))
        } catch {
            throw ConfigurationError(variable, "must be a JSON array, but \(error)")
        }
    }
}

extension ConfigurationError {
    /// The rules that a JSON text violates, with their fields.
    init(_ variable: String, _ violations: Violations) {
        let rules = violations.all.map { $0.field.isEmpty ? $0.detail : "\($0.field) \($0.detail)" }
        self.init(variable, rules.joined(separator: "; "))
    }
}
