public import Base
public import Postgres

/// Something that a step made and that was kept.
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

    /// The content as text; nil for what is none.
    ///
    /// U+0000 is in no text: our own JSON has none.
    private var text: String? {
        guard ContentType(description.contentType)?.isText ?? false, !content.contains(0) else { return nil }
        return String(validating: content, as: UTF8.self)
    }

    public static let fields: [OutputField<Artifact>] =
        Description.fields.map { $0.lifted { $0.description } } + [
            OutputField("content", "What is in it, as text; null for what is no UTF-8 text.") { $0.text },
            OutputField("contentBase64", "What is in it, where that is no text.") {
                $0.text == nil ? Base64.encode($0.content) : nil
            },
        ]

    /// All but what is in it.
    struct Description: OutputObject {
        let name: String
        let contentType: String
        let sha256: String
        let size: Int
        let createdAt: Timestamp

        static let fields: [OutputField<Description>] = [
            OutputField("name", "Its name, unique among those of its step.") { $0.name },
            OutputField("contentType", "What it is.") { $0.contentType },
            OutputField("sha256", "The SHA-256 of its content, in hexadecimal digits.") { $0.sha256 },
            OutputField("size", "How many bytes it has.") { $0.size },
            OutputField("createdAt", "When it was kept.") { $0.createdAt },
        ]
    }
}

extension ContentType {
    /// Whether people can read it, by what it says.
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
