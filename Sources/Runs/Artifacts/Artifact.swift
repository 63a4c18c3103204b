public import Base
public import Postgres

/// A file that a step made, stored with its run.
public struct Artifact: OutputObject, RowDecodable {
    let description: Description
    let content: [UInt8]

    public init(row: borrowing Row) throws(PostgresError) {
        description = Description(
            name: try row["artifact_name"],
            contentType: try row["content_type"],
            sha256: try row["sha256"],
            size: try row["size"],
            createdAt: try row["artifact_created_at"]
        )
        content = try row["content"]
    }

    /// The content as text; nil when it is not text.
    ///
    /// Content with U+0000 counts as binary, because our JSON does not allow that character.
    private var text: String? {
        guard ContentType(description.contentType)?.isText ?? false, !content.contains(0) else { return nil }
        return String(validating: content, as: UTF8.self)
    }

    public static let fields: [OutputField<Artifact>] =
        Description.fields.map { $0.lifted { $0.description } } + [
            OutputField("content", "The content as text; null if it is not UTF-8 text.") { $0.text },
            OutputField("contentBase64", "The content in base64; null if it is text.") {
                $0.text == nil ? Base64.encode($0.content) : nil
            },
        ]

    /// An artifact without its content.
    struct Description: OutputObject {
        let name: String
        let contentType: String
        let sha256: String
        let size: Int
        let createdAt: Timestamp

        static let fields: [OutputField<Description>] = [
            OutputField("name", "The name; unique within the step.") { $0.name },
            OutputField("contentType", "The content type.") { $0.contentType },
            OutputField("sha256", "The SHA-256 digest of the content, in hexadecimal.") { $0.sha256 },
            OutputField("size", "The size in bytes.") { $0.size },
            OutputField("createdAt", "When the artifact was stored.") { $0.createdAt },
        ]
    }
}

extension ContentType {
    /// Whether the content type denotes text.
    fileprivate var isText: Bool {
        let type = description.utf8.prefix { $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: " ") }
        let name = String(decoding: type, as: UTF8.self).lowercasedASCII
        if name.hasPrefix("text/") || name.hasSuffix("+json") || name.hasSuffix("+xml") || name.hasSuffix("+yaml") {
            return true
        }
        return [
            "application/json", "application/x-ndjson", "application/xml", "application/yaml", "application/toml",
            "application/sql", "application/javascript", "application/x-sh",
        ].contains(name)
    }
}

/// The name of an artifact: a relative path that cannot leave the folder it is resolved in.
///
/// It has 1 to 200 bytes, no `/` at its ends, no empty component, no `.` or `..` component, no backslash and no
/// invisible characters.
public struct ArtifactName: RawRepresentable, Hashable, InputValue, OutputValue, CustomStringConvertible {
    private static let text = TextRule(1...200, forbidding: ["\\"])

    /// The path.
    public let rawValue: String

    public var description: String { rawValue }

    public static var rule: String { "relative path, 1 to 200 bytes" }
    public static var form: ValueForm { .path(text) }

    public init(input: JSONValue) throws(Violations) {
        try self.init(checking: try String(input: input))
    }

    public init?(rawValue: String) {
        guard let name = try? ArtifactName(checking: rawValue) else { return nil }
        self = name
    }

    /// Takes a path from the program's own code, which is known to be valid.
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

/// The content type of an artifact, in the form of the `Content-Type` header (RFC 9110, section 8.3).
public struct ContentType: Hashable, Sendable, CustomStringConvertible {
    /// The type with its parameters, such as `text/markdown; charset=utf-8`.
    public let description: String

    /// The type for unknown content.
    public static var bytes: ContentType { ContentType(known: "application/octet-stream") }

    /// Derives the type from the file extension of a name.
    public init(of name: ArtifactName) {
        let file = name.rawValue.utf8.split(separator: UInt8(ascii: "/")).last ?? name.rawValue.utf8[...]
        let parts = file.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let ending = parts.count < 2 ? nil : parts.last.map { String(decoding: $0, as: UTF8.self).lowercasedASCII }
        self = ending.flatMap { Self.known[$0] }.map(ContentType.init(known:)) ?? .bytes
    }

    /// Parses a type; nil if the text is not `type/subtype` with optional parameters, in visible ASCII and spaces.
    public init?(_ text: String) {
        let type = text.utf8.prefix { $0 != UInt8(ascii: ";") }
        let names = type.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard text.utf8.count <= 200, text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }), names.count == 2,
            names.allSatisfy({ !$0.isEmpty && $0.allSatisfy(HeaderField.isTokenCharacter) })
        else { return nil }
        description = text
    }

    private init(known description: String) {
        self.description = description
    }

    private static var known: [String: String] {
        [
            "txt": text("plain"), "log": text("plain"), "md": text("markdown"), "markdown": text("markdown"),
            "html": text("html"), "htm": text("html"), "css": text("css"), "csv": text("csv"), "js": text("javascript"),
            "mjs": text("javascript"), "xml": "application/xml", "json": "application/json",
            "jsonl": "application/x-ndjson", "yaml": "application/yaml", "yml": "application/yaml",
            "toml": "application/toml", "sql": "application/sql", "pdf": "application/pdf", "zip": "application/zip",
            "gz": "application/gzip", "tar": "application/x-tar", "png": "image/png", "jpg": "image/jpeg",
            "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp", "svg": "image/svg+xml",
            "swift": text("x-swift"), "ts": text("x-typescript"), "tsx": text("x-typescript"), "py": text("x-python"),
            "rb": text("x-ruby"), "rs": text("x-rust"), "go": text("x-go"), "java": text("x-java"), "c": text("x-c"),
            "h": text("x-c"), "cpp": text("x-c++"), "sh": text("x-shellscript"), "diff": text("x-diff"),
            "patch": text("x-diff"),
        ]
    }

    private static func text(_ subtype: String) -> String { "text/\(subtype); charset=utf-8" }
}

extension ContentType: InputValue, OutputValue {
    public static var rule: String { "content type, such as text/plain" }
    public static var form: ValueForm {
        .pattern("^\(HeaderField.token)/\(HeaderField.token)(?:;[ -~]*)?$", atMost: 200)
    }

    public init(input: JSONValue) throws(Violations) {
        guard let type = ContentType(try String(input: input)) else {
            throw Violations(.invalidFormat, "must be a content type, such as text/plain")
        }
        self = type
    }

    public func encode(to json: inout JSONWriter) {
        json.string(description)
    }
}
