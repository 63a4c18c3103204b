import Base

/// The content of a message, or the instructions, in Anthropic's format: a text, or blocks.
struct AnthropicContent: JSONEncodable {
    let parts: [CompletionRequest.Part]

    func encode(to json: inout JSONWriter) {
        if parts.count == 1, parts[0].cache == nil, let text = parts[0].text {
            json.string(text)
            return
        }
        json.array { json in
            for part in parts { json.element(AnthropicBlock(part: part)) }
        }
    }
}

/// A message in Anthropic's format.
struct AnthropicMessage: JSONEncodable {
    private let message: CompletionRequest.Message

    init(_ message: CompletionRequest.Message) {
        self.message = message
    }

    func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("role", message.role.rawValue)
            json.member("content", AnthropicContent(parts: message.parts))
        }
    }
}

/// A part of a message in Anthropic's format.
private struct AnthropicBlock: JSONEncodable {
    let part: CompletionRequest.Part

    func encode(to json: inout JSONWriter) {
        json.object { json in
            switch part.content {
            case .text(let text):
                json.member("type", "text")
                json.member("text", text)
            case .file(let file):
                json.member("type", file.kind.rawValue)
                json.member("source") { Self.encode(file.source, to: &$0) }
                if let name = file.name { json.member("title", name) }
            }
            if let lifetime = part.cache {
                json.member("cache_control") { json in
                    json.object { json in
                        json.member("type", "ephemeral")
                        // Five minutes are the default, and older servers know no other lifetime.
                        if lifetime != .fiveMinutes { json.member("ttl", lifetime.rawValue) }
                    }
                }
            }
        }
    }

    private static func encode(_ source: CompletionRequest.File.Source, to json: inout JSONWriter) {
        json.object { json in
            switch source {
            case .url(let url):
                json.member("type", "url")
                json.member("url", url)
            case .data(let base64, let mediaType):
                json.member("type", "base64")
                json.member("media_type", mediaType)
                json.member("data", base64)
            }
        }
    }
}
