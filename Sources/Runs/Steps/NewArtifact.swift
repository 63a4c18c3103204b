/// Something that a step made and that is kept with its run.
public struct NewArtifact: Hashable, Sendable {
    /// Its name, unique among those of its step: 1 to 200 characters of a relative path.
    public let name: String

    /// What it is, such as `text/markdown; charset=utf-8`.
    public let contentType: String

    /// What is in it.
    public let content: [UInt8]

    /// The SHA-256 of its content.
    public let sha256: [UInt8]

    /// Describes something that is to be kept.
    public init(name: String, contentType: String, content: [UInt8], sha256: [UInt8]) {
        self.name = name
        self.contentType = contentType
        self.content = content
        self.sha256 = sha256
    }
}
