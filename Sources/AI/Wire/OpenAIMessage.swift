import Base
import Cryptography

/// A message in one of OpenAI's formats.
struct OpenAIMessage: JSONEncodable {
    /// The formats, which name the parts of a message differently.
    enum Format {
        case chat, responses
    }

    private let message: CompletionRequest.Message
    private let format: Format

    init(_ message: CompletionRequest.Message, _ format: Format) {
        self.message = message
        self.format = format
    }

    /// A message with a text, which both formats write alike.
    init(_ role: CompletionRequest.Message.Role, text: String) {
        self.init(CompletionRequest.Message(role, text), .chat)
    }

    func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("role", message.role.rawValue)
            // A text alone is a string, which all servers accept.
            if message.parts.contains(where: { $0.file != nil }) {
                json.member("content") { json in
                    json.array { json in
                        for part in message.parts { json.element(OpenAIPart(part: part, format: format)) }
                    }
                }
            } else {
                json.member("content", message.text)
            }
        }
    }
}

/// A part of a message in one of OpenAI's formats.
private struct OpenAIPart: JSONEncodable {
    let part: CompletionRequest.Part
    let format: OpenAIMessage.Format

    func encode(to json: inout JSONWriter) {
        json.object { json in
            switch (part.content, format) {
            case (.text(let text), _):
                json.member("type", format == .chat ? "text" : "input_text")
                json.member("text", text)
            case (.file(let file), .chat) where file.kind == .image:
                json.member("type", "image_url")
                json.member("image_url") { json in json.object { $0.member("url", file.url) } }
            case (.file(let file), .chat):
                json.member("type", "file")
                json.member("file") { json in json.object { Self.encode(file, to: &$0) } }
            case (.file(let file), .responses) where file.kind == .image:
                json.member("type", "input_image")
                json.member("image_url", file.url)
            case (.file(let file), .responses):
                json.member("type", "input_file")
                Self.encode(file, to: &json)
            }
        }
    }

    /// Writes the members of a document.
    private static func encode(_ file: CompletionRequest.File, to json: inout JSONWriter) {
        switch file.source {
        case .url(let url): json.member("file_url", url)
        case .data:
            json.member("filename", file.name ?? "document.pdf")
            json.member("file_data", file.url)
        }
    }
}

extension CompletionRequest {
    /// A name for the part of the prompt that is to be cached; nil if none is.
    ///
    /// OpenAI caches every prompt by itself. Requests with the same name get to the same server, and find its cache.
    var promptCacheKey: String? {
        guard isCached else { return nil }
        let last = messages.lastIndex { $0.parts.contains { $0.cache != nil } } ?? 0
        var prefix = Array((system ?? "").utf8)
        for message in messages[...last] {
            for part in message.parts { prefix += [0] + Array((part.text ?? part.file?.url ?? "").utf8) }
        }
        return Hexadecimal.encode(SHA256.digest(prefix).prefix(16))
    }
}
