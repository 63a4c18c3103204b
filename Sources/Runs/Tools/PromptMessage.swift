public import Base

/// A message of the conversation that `ai:generate` sends.
public struct PromptMessage: InputObject, Hashable {
    /// The author of a message.
    public enum Role: String, InputEnumeration {
        case system, user, assistant
    }

    public let role: Role

    /// The content, in order.
    public let parts: [PromptPart]

    /// Makes a message with a text.
    public init(_ role: Role, _ text: String) {
        self.init(role: role, parts: [PromptPart(content: .text(text), cache: nil)])
    }

    private init(role: Role, parts: [PromptPart]) {
        self.role = role
        self.parts = parts
    }

    public static let schema = Schema(
        Field("role", Role.self, "The author: system for instructions, which come first."),
        Field("content", Content.self, "The text, or a list of parts."),
        into: { role, content throws(Violations) in
            guard role == .user || content.parts.allSatisfy({ $0.text != nil }) else {
                throw Violations(Violation(field: "content", .invalidFormat, "must be text with role \(role.rawValue)"))
            }
            return PromptMessage(role: role, parts: content.parts)
        }
    )

    /// A text, or parts.
    private struct Content: InputValue {
        private static let list = ListRule(1...100)

        let parts: [PromptPart]

        static var rule: String { "string that is not blank, or array of objects, \(list)" }
        static var form: ValueForm { .either([PromptText.form, list.form(of: .object)]) }
        static var inputShape: ObjectShape { PromptPart.inputShape }

        init(input: JSONValue) throws(Violations) {
            switch input.kind {
            case .string: parts = [PromptPart(content: .text(try PromptText(input: input).text), cache: nil)]
            case .array: parts = try Self.list.read(input)
            default: throw Violations(.invalidType, "must be a string or an array")
            }
        }
    }
}

/// A part of a message: a text, an image or a document.
public struct PromptPart: InputObject, Hashable {
    /// The kinds of parts.
    public enum Kind: String, InputEnumeration {
        case text, image, document
    }

    /// How long the provider keeps the prompt up to the end of the part in its cache.
    public enum CacheControl: String, InputEnumeration {
        case fiveMinutes = "5m"
        case oneHour = "1h"
    }

    /// The content of a part.
    public enum Content: Hashable, Sendable {
        case text(String)

        /// The provider fetches the file from there.
        case link(String, PromptMedia, name: String?)

        /// The content in base64.
        case data(String, mediaType: String, PromptMedia, name: String?)
    }

    public let content: Content

    /// How long the provider keeps the prompt up to the end of this part in its cache; nil for its default.
    public let cache: CacheControl?

    /// The text; nil for a file.
    var text: String? {
        if case .text(let text) = content { text } else { nil }
    }

    public static let choice: FieldChoice? = .exactlyOne(["text", "url", "data"])

    public static let schema = Schema(
        Field("type", Kind.self, "The kind of content."),
        .optional("text", PromptText.self, "The text of a part of type text."),
        .optional("url", RequestURL.self, "The address of an image or a document, from which the provider fetches it."),
        .optional("data", MediaData.self, "The image or document in base64, as from an artifact."),
        .optional("mediaType", MediaType.self, "The media type of the data; by default as the data begins."),
        .text("name", TextRule(1...200), "The name of a document."),
        .optional("cacheControl", CacheControl.self, "How long the provider caches the prompt up to this part."),
        into: { kind, text, url, data, mediaType, name, cache throws(Violations) in
            let members = [text != nil, url != nil, data != nil]
            guard members.count(where: { $0 }) == 1 else {
                throw Violations(.required, "must have exactly one of text, url and data")
            }
            let content: Content
            switch (PromptMedia(kind), text, url, data) {
            case (nil, let text?, _, _):
                guard mediaType == nil, name == nil else {
                    throw Violations(.invalidFormat, "must have neither mediaType nor name with type text")
                }
                content = .text(text.text)
            case (let media?, nil, let url?, _):
                guard mediaType == nil else {
                    throw Violations(Violation(field: "mediaType", .invalidFormat, "must be absent with url"))
                }
                content = .link(url.description, media, name: name)
            case (let media?, nil, nil, let data?):
                guard let type = mediaType?.text ?? data.mediaType, media.mediaTypes.contains(type) else {
                    let field = mediaType == nil ? "data" : "mediaType"
                    throw Violations(Violation(field: field, .invalidFormat, "must be \(media.words)"))
                }
                content = .data(data.base64, mediaType: type, media, name: name)
            default:
                let fields = kind == .text ? "text" : "url or data"
                throw Violations(.invalidFormat, "must have \(fields) with type \(kind.rawValue)")
            }
            return PromptPart(content: content, cache: cache)
        }
    )
}

/// The kinds of files that models read.
public enum PromptMedia: Hashable, Sendable {
    case image, document

    init?(_ kind: PromptPart.Kind) {
        switch kind {
        case .text: return nil
        case .image: self = .image
        case .document: self = .document
        }
    }

    /// The media types that all providers read.
    var mediaTypes: [String] {
        switch self {
        case .image: ["image/png", "image/jpeg", "image/gif", "image/webp"]
        case .document: ["application/pdf"]
        }
    }

    fileprivate var words: String {
        switch self {
        case .image: "a PNG, JPEG, GIF or WebP image"
        case .document: "a PDF document"
        }
    }
}

/// A text that is not blank.
///
/// It is not normalised, because answers of models become prompts too.
struct PromptText: InputValue, Hashable {
    static var rule: String { "string that is not blank" }
    static var form: ValueForm { .pattern(#"\S"#) }

    let text: String

    init(input: JSONValue) throws(Violations) {
        text = try String(input: input)
        guard text.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else {
            throw Violations(.tooShort, "must not be blank")
        }
    }
}

/// A media type of a file that models read.
private struct MediaType: InputValue {
    private static var all: [String] { PromptMedia.image.mediaTypes + PromptMedia.document.mediaTypes }

    static var rule: String { "one of \(all.joined(separator: ", "))" }
    static var form: ValueForm { .names(all) }

    let text: String

    init(input: JSONValue) throws(Violations) {
        let name = try String(input: input)
        guard let known = Self.all.first(where: { $0.utf8.elementsEqual(name.utf8) }) else {
            throw Violations(.invalidEnum, "must be \(Self.rule)")
        }
        text = known
    }
}

/// A file in standard base64 with padding.
private struct MediaData: InputValue {
    static var rule: String { Base64Bytes.rule }
    static var form: ValueForm { Base64Bytes.form }

    let base64: String

    /// The media type by the first bytes; nil if they are of no known type.
    let mediaType: String?

    init(input: JSONValue) throws(Violations) {
        let bytes = try Base64Bytes(input: input).all
        guard !bytes.isEmpty else { throw Violations(.tooShort, "must not be empty") }
        base64 = try String(input: input)
        let isWebP = bytes.starts(with: "RIFF".utf8) && bytes.dropFirst(8).starts(with: "WEBP".utf8)
        mediaType =
            if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) {
                "image/png"
            } else if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
                "image/jpeg"
            } else if bytes.starts(with: "GIF8".utf8) {
                "image/gif"
            } else if isWebP {
                "image/webp"
            } else if bytes.starts(with: "%PDF".utf8) {
                "application/pdf"
            } else {
                nil
            }
    }
}
