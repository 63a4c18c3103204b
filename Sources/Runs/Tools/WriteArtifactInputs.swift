public import Base

/// What `artifact:write` is given.
public struct WriteArtifactInputs: InputObject {
    /// What the artifact is called.
    public let name: ArtifactName

    /// What is in it.
    public let content: [UInt8]

    /// What it is; by default what its name says.
    public let contentType: ContentType

    public static let schema = Schema(
        Field("name", ArtifactName.self, "What the artifact is called."),
        .optional("content", String.self, "What is in it, as text."),
        .optional("contentBase64", Base64Bytes.self, "What is in it, as base64."),
        .optional("contentType", ContentType.self, "What it is; by default what its name says."),
        into: { name, text, bytes, contentType throws(Violations) in
            guard let content = text.map({ Array($0.utf8) }) ?? bytes?.all, text == nil || bytes == nil else {
                throw Violations(.required, "must have exactly one of content and contentBase64")
            }
            return WriteArtifactInputs(
                name: name,
                content: content,
                contentType: contentType ?? ContentType(of: name)
            )
        }
    )
}

/// Bytes in the standard alphabet of base64, with padding (RFC 4648, section 4).
private struct Base64Bytes: InputValue {
    static var rule: String { "base64 string" }

    let all: [UInt8]

    init(input: JSONValue) throws(Violations) {
        guard let bytes = Base64.decode(try String(input: input).utf8) else {
            throw Violations(.invalidFormat, "must be base64 with padding")
        }
        all = bytes
    }
}
