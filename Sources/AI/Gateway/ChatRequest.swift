public import Base
import Core
import Teams

/// A request in the form of OpenAI Chat Completions.
///
/// Fields that only tune the sampling, and fields that this version does not know, have no effect: clients send many.
/// Fields that would change the form of the answer are refused.
public struct ChatRequest: InputObject {
    let team: ID<Team>?
    let model: ChatModelName
    let messages: [ChatMessage]
    let maxTokens: Int?
    let maxCompletionTokens: Int?
    let temperature: AnyValue?
    let stop: AnyValue?
    let format: AnyValue?
    let effort: AnyValue?
    let user: AnyValue?
    let count: AnyValue?
    let isStreamed: Bool
    let streamOptions: AnyValue?
    let tools: AnyValue?
    let functions: AnyValue?

    public static let schema = Schema(
        .optional("teamId", ID<Team>.self, "The team that pays; an API key of one team needs none."),
        Field("model", ChatModelName.self, "provider/model, a model of the first provider, or route:NAME."),
        .list("messages", of: ChatMessage.self, 1...2_000, "The conversation, oldest message first."),
        .integer("max_tokens", in: 1...1_000_000_000, "The most tokens of the answer; 4096 by default."),
        .integer("max_completion_tokens", in: 1...1_000_000_000, "The newer name of max_tokens."),
        .optional("temperature", AnyValue.self, "The sampling temperature, 0 to 2."),
        .optional("stop", AnyValue.self, "A text that ends the answer, or up to 16 of them."),
        .optional("response_format", AnyValue.self, "The form of the answer: text, json_object or json_schema."),
        .optional("reasoning_effort", AnyValue.self, "How much the model should reason."),
        .optional("user", AnyValue.self, "A pseudonymous name of the end user."),
        .optional("n", AnyValue.self, "The number of answers, which must be 1."),
        .optional("stream", Bool.self, default: false, "Whether to answer with server-sent events."),
        .optional("stream_options", AnyValue.self, "With include_usage, a streamed answer ends with its usage."),
        .optional("tools", AnyValue.self, "Not supported: must be empty."),
        .optional("functions", AnyValue.self, "Not supported: must be empty."),
        isOpen: true,
        into: ChatRequest.init
    )

    /// Whether a streamed answer ends with its usage.
    var includesUsage: Bool { streamOptions?.value["include_usage"]?.bool == true }
}

/// A message of a conversation.
struct ChatMessage: InputObject {
    let role: AnyValue
    let content: AnyValue?

    static let schema = Schema(
        Field("role", AnyValue.self, "system, developer, user or assistant."),
        .optional("content", AnyValue.self, "A text, or an array of parts of type text, and image_url of the user."),
        isOpen: true,
        into: ChatMessage.init
    )
}

/// A JSON value that is judged after the caller is known to be allowed to ask.
struct AnyValue: InputValue {
    let value: JSONValue

    static var rule: String { "any JSON value" }
    static var form: ValueForm { .any }

    init(input: JSONValue) throws(Violations) {
        value = input
    }
}

/// The name of a model as clients write it.
struct ChatModelName: InputValue {
    private static let text = TextRule(1...300)

    let text: String

    static var rule: String { text.description }
    static var form: ValueForm { text.form }

    init(input: JSONValue) throws(Violations) {
        text = try Self.text.read(input)
    }
}

// MARK: - Conversion

extension CompletionRequest {
    /// The request to the providers.
    ///
    /// - Throws: `Violations` for what is not supported.
    init(_ chat: ChatRequest, model: String?) throws {
        var system: [String] = []
        var messages: [Message] = []
        var faults: [Violation] = chat.unsupported
        for (index, message) in chat.messages.enumerated() {
            let parts: [Part]
            do throws(Violations) {
                parts = try message.parts(hasFiles: message.role.value.string == "user")
            } catch {
                faults += error.prefixed(with: "messages[\(index)]").all
                continue
            }
            switch message.role.value.string {
            case "system", "developer": system.append(parts.compactMap(\.text).joined())
            case "user": messages.append(Message(.user, parts))
            case "assistant": messages.append(Message(.assistant, parts))
            default:
                let rule = "must be system, developer, user or assistant; tools are not supported"
                faults.append(Violation(field: "messages[\(index)].role", .invalidEnum, rule))
            }
        }
        self.init(
            model: model,
            system: system.isEmpty ? nil : system.joined(separator: "\n\n"),
            messages: messages,
            maxTokens: chat.maxCompletionTokens ?? chat.maxTokens ?? 4_096
        )
        if faults.isEmpty, messages.isEmpty {
            faults.append(Violation(field: "messages", .required, "must have a message of the user"))
        }
        do throws(Violations) {
            try take(chat)
        } catch {
            faults += error.all
        }
        if let violations = Violations(faults) { throw violations }
    }

    /// Takes the optional fields.
    private mutating func take(_ chat: ChatRequest) throws(Violations) {
        if let value = chat.temperature?.value {
            guard let number = value.double, (0...2).contains(number) else {
                throw Violations(Violation(field: "temperature", .outOfRange, "must be a number from 0 to 2"))
            }
            temperature = number
        }
        if let value = chat.stop?.value {
            let texts = value.kind == .array ? value.elements.map(\.string) : [value.string]
            guard texts.count <= 16, texts.allSatisfy({ $0?.isEmpty == false }) else {
                throw Violations(Violation(field: "stop", .invalidType, "must be a text, or up to 16 of them"))
            }
            stopSequences = texts.compactMap(\.self)
        }
        effort = chat.effort?.value.string.map(Effort.init(rawValue:))
        userID = chat.user?.value.string.map { String($0.unicodeScalars.prefix(256)) }
        schema = try chat.schema()
    }
}

extension ChatMessage {
    /// The parts of the content; texts that follow each other are one.
    fileprivate func parts(hasFiles: Bool) throws(Violations) -> [CompletionRequest.Part] {
        guard let content = content?.value else { return [CompletionRequest.Part(.text(""))] }
        if let text = content.string { return [CompletionRequest.Part(.text(text))] }
        let types = hasFiles ? "text or image_url" : "text"
        let refused = Violations(
            Violation(field: "content", .invalidType, "must be a text, or an array of parts of type \(types)")
        )
        guard content.kind == .array, content.count > 0 else { throw refused }
        var parts: [CompletionRequest.Part] = []
        for part in content.elements {
            switch part["type"]?.string {
            case "text":
                guard let text = part["text"]?.string else { throw refused }
                if let last = parts.last?.text {
                    parts[parts.count - 1] = CompletionRequest.Part(.text(last + text))
                } else {
                    parts.append(CompletionRequest.Part(.text(text)))
                }
            case "image_url" where hasFiles:
                guard let url = part["image_url"]?["url"]?.string,
                    let source = CompletionRequest.File.Source(image: url)
                else { throw refused }
                parts.append(CompletionRequest.Part(.file(CompletionRequest.File(.image, source))))
            default: throw refused
            }
        }
        return parts
    }
}

extension CompletionRequest.File.Source {
    /// An address of an image, or a `data` URL in base64 with its content; nil for any other.
    fileprivate init?(image url: String) {
        guard url.utf8.starts(with: "data:".utf8) else {
            guard url.utf8.starts(with: "https://".utf8) else { return nil }
            self = .url(url)
            return
        }
        let parts = url.dropFirst(5).split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false)
        let mark = ";base64"
        guard parts.count == 2, parts[0].hasPrefix("image/"), parts[0].hasSuffix(mark),
            Base64.decode(Array(parts[1].utf8)) != nil
        else { return nil }
        self = .data(base64: String(parts[1]), mediaType: String(parts[0].dropLast(mark.utf8.count)))
    }
}

extension ChatRequest {
    /// The fields that would change the form of the answer.
    fileprivate var unsupported: [Violation] {
        var found: [Violation] = []
        for (name, field) in [("tools", tools), ("functions", functions)] {
            guard let value = field?.value, value.kind != .array || value.count > 0 else { continue }
            found.append(Violation(field: name, .invalidFormat, "are not supported"))
        }
        if let count, count.value.integer != 1 {
            found.append(Violation(field: "n", .outOfRange, "must be 1"))
        }
        return found
    }

    /// The schema of the answer; nil for text.
    fileprivate func schema() throws(Violations) -> OutputSchema? {
        guard let format = format?.value else { return nil }
        let text: String
        switch format["type"]?.string {
        case "text": return nil
        case "json_object": text = #"{"type":"object"}"#
        case "json_schema":
            guard let schema = format["json_schema"]?["schema"], schema.kind == .object else {
                throw Violations(Violation(field: "response_format.json_schema.schema", .required, "is required"))
            }
            text = schema.text.description
        default:
            let rule = "must be text, json_object or json_schema"
            throw Violations(Violation(field: "response_format.type", .invalidEnum, rule))
        }
        do throws(OutputSchema.Invalid) {
            return try OutputSchema(name: format["json_schema"]?["name"]?.string ?? "answer", text)
        } catch {
            throw Violations(Violation(field: "response_format", .invalidFormat, "cannot be used: \(error)"))
        }
    }
}
