public import Base

/// The name of an artifact: a relative path that stays below wherever it is put.
///
/// It has 1 to 200 bytes, no `/` at its ends, no empty component, none that is `.` or `..`, no backslash and no
/// characters that people cannot see.
public struct ArtifactName: RawRepresentable, Hashable, InputValue, OutputValue, CustomStringConvertible {
    private static let text = TextRule(1...200, forbidding: ["\\"])

    /// The path.
    public let rawValue: String

    public var description: String { rawValue }

    public static var rule: String { "relative path, 1 to 200 bytes" }

    public init(input: JSONValue) throws(Violations) {
        try self.init(checking: try String(input: input))
    }

    public init?(rawValue: String) {
        guard let name = try? ArtifactName(checking: rawValue) else { return nil }
        self = name
    }

    /// Takes a path of the program's own, which is known to be one.
    init(known path: StaticString) {
        rawValue = path.description
    }

    private init(checking path: String) throws(Violations) {
        guard try Self.text.check(path).utf8.elementsEqual(path.utf8) else {
            throw Violations(.invalidFormat, "must not begin or end with white space")
        }
        guard path.utf8.count <= 200 else { throw Violations(.tooLong, "must have at most 200 bytes") }
        let components = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard !components.contains(where: { $0.isEmpty || $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) })
        else {
            throw Violations(.invalidFormat, "must be a relative path without empty components, . and ..")
        }
        rawValue = path
    }
}
