/// Where an answer does not have the form that was asked for.
public struct SchemaViolation: Sendable, Hashable, CustomStringConvertible {
    /// The place as a JSON Pointer (RFC 6901), such as `/items/2/name`; empty for the whole answer.
    public let path: String

    /// What must be so there, in words that follow the place and never repeat what is there.
    public let rule: String

    public var description: String { path.isEmpty ? "the answer \(rule)" : "\(path) \(rule)" }

    /// What makes up for the answer when the model is asked once more.
    public static func request(for violations: [SchemaViolation]) -> String {
        let lines = violations.map { "- \($0)" }.joined(separator: "\n")
        return "The answer does not have the form that was asked for:\n\(lines)\nAnswer again with valid JSON only."
    }
}
