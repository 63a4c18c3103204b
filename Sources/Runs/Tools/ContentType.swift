public import Base

/// What an artifact is, as `Content-Type` says it (RFC 9110, section 8.3).
public struct ContentType: Hashable, Sendable, CustomStringConvertible {
    /// The type with its parameters, such as `text/markdown; charset=utf-8`.
    public let description: String

    /// Bytes of which nothing is known.
    public static var bytes: ContentType { ContentType(known: "application/octet-stream") }

    /// Tells the type of what has a name, by what follows the last dot in it.
    public init(of name: ArtifactName) {
        let file = name.rawValue.utf8.split(separator: UInt8(ascii: "/")).last ?? name.rawValue.utf8[...]
        let parts = file.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let ending = parts.count < 2 ? nil : parts.last.map { String(decoding: $0, as: UTF8.self).lowercasedASCII }
        self = ending.flatMap { Self.known[$0] }.map(ContentType.init(known:)) ?? .bytes
    }

    /// Takes a type; nil for what is none: `type/subtype`, and perhaps parameters, in visible ASCII and spaces.
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
