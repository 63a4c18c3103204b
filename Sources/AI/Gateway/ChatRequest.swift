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
        Field("model", ChatModelName.self, "provider/model, or a model of the first provider."),
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
        .optional("content", AnyValue.self, "A text, or an array of parts of type text."),
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
            let text: String
            do throws(Violations) {
                text = try message.text()
            } catch {
                faults += error.prefixed(with: "messages[\(index)]").all
                continue
            }
            switch message.role.value.string {
            case "system", "developer": system.append(text)
            case "user": messages.append(Message(.user, text))
            case "assistant": messages.append(Message(.assistant, text))
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
    /// The text of the content, parts joined.
    fileprivate func text() throws(Violations) -> String {
        guard let content = content?.value else { return "" }
        if let text = content.string { return text }
        let rule = "must be a text, or an array of parts of type text"
        guard content.kind == .array else { throw Violations(Violation(field: "content", .invalidType, rule)) }
        var text = ""
        for part in content.elements {
            guard part["type"]?.string == "text", let piece = part["text"]?.string else {
                throw Violations(Violation(field: "content", .invalidType, rule))
            }
            text += piece
        }
        return text
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
