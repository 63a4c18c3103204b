public import Base
import Core

/// An answer in the form of OpenAI Chat Completions.
public struct ChatCompletion: OutputObject {
    let id: String
    let created: Int
    let model: String
    let choice: ChatChoice
    let usage: ChatUsage

    public static let fields: [OutputField<ChatCompletion>] = [
        OutputField("id", "The answer's identifier.") { $0.id },
        OutputField("object", "Always chat.completion.") { _ in "chat.completion" },
        OutputField("created", "The time of the answer, in seconds since 1970.") { $0.created },
        OutputField("model", "The model that answered.") { $0.model },
        OutputField("choices", "The answer.") { [$0.choice] },
        OutputField("usage", "The tokens of the call.") { $0.usage },
    ]

    init(_ answer: CallAnswer, id: String, created: Int) {
        let completion = answer.completion
        self.id = id
        self.created = created
        model = completion.model
        choice = ChatChoice(
            message: ChatAnswer(content: completion.text),
            finishReason: completion.stopReason.chatWord
        )
        usage = ChatUsage(tokens: completion.usage ?? TokenUsage())
    }
}

/// The only answer of a completion.
struct ChatChoice: OutputObject {
    let message: ChatAnswer
    let finishReason: String

    static let fields: [OutputField<ChatChoice>] = [
        OutputField("index", "Always 0.") { _ in 0 },
        OutputField("message", "The message of the model.") { $0.message },
        OutputField("logprobs", "Always null.") { _ in String?.none },
        OutputField("finish_reason", "Why the answer ends: stop, length or content_filter.") { $0.finishReason },
    ]
}

/// The message of the model.
struct ChatAnswer: OutputObject {
    let content: String

    static let fields: [OutputField<ChatAnswer>] = [
        OutputField("role", "Always assistant.") { _ in "assistant" },
        OutputField("content", "The text.") { $0.content },
        OutputField("refusal", "Always null: a refusal is an error.") { _ in String?.none },
    ]
}

/// The tokens of a call as OpenAI counts them: cached ones are part of the prompt.
struct ChatUsage: OutputObject {
    let tokens: TokenUsage

    static let fields: [OutputField<ChatUsage>] = [
        OutputField("prompt_tokens", "The tokens of the prompt, cached ones included.") { $0.tokens.prompt },
        OutputField("completion_tokens", "The tokens of the answer, reasoning included.") { $0.tokens.output },
        OutputField("total_tokens", "Both.") { $0.tokens.prompt + $0.tokens.output },
        OutputField("prompt_tokens_details", "cached_tokens of the prompt.") {
            ChatTokenDetails(name: "cached_tokens", count: $0.tokens.cacheRead)
        },
        OutputField("completion_tokens_details", "reasoning_tokens of the answer.") {
            ChatTokenDetails(name: "reasoning_tokens", count: $0.tokens.reasoning)
        },
        OutputField("estimated", "Whether tokens are estimated, because the provider reported none.") {
            $0.tokens.isEstimated
        },
    ]
}

/// A part of the tokens.
struct ChatTokenDetails: OutputValue {
    let name: String
    let count: Int

    static var rule: String { "object of counts" }
    static var form: ValueForm { .map(Int.form) }

    func encode(to json: inout JSONWriter) {
        json.object { json in json.member(name, count) }
    }
}

extension StopReason {
    /// The reason by OpenAI's name.
    fileprivate var chatWord: String {
        switch kind {
        case .maxTokens, .contextWindow: "length"
        case .refusal: "content_filter"
        default: "stop"
        }
    }
}

/// The answer of `chatCompletions`: whole, or as server-sent events.
public struct ChatReply: EventOutput {
    let completion: ChatCompletion

    /// The events; nil for a whole answer.
    public let events: [UInt8]?

    public static var rule: String { ChatCompletion.rule }
    public static var form: ValueForm { ChatCompletion.form }
    public static var outputShape: ObjectShape { ChatCompletion.outputShape }

    public func encode(to json: inout JSONWriter) { completion.encode(to: &json) }
}

/// The events of a streamed answer.
struct ChatEvents {
    let id: String
    let created: Int
    let model: String
    let includesUsage: Bool

    /// A piece of the text; the first piece names the role.
    func text(_ text: String, isFirst: Bool) -> [UInt8] {
        event { json in
            json.member("choices") { json in
                json.array { json in json.element(Choice(role: isFirst ? "assistant" : nil, text: text, reason: nil)) }
            }
            if includesUsage { json.member("usage", String?.none) }
        }
    }

    /// The events after the last piece.
    func end(_ completion: ChatCompletion) -> [UInt8] {
        var bytes = event { json in
            json.member("choices") { json in
                json.array { json in
                    json.element(Choice(role: nil, text: nil, reason: completion.choice.finishReason))
                }
            }
            if includesUsage { json.member("usage", String?.none) }
        }
        if includesUsage {
            bytes += event { json in
                json.member("choices", [String]())
                json.member("usage", completion.usage)
            }
        }
        return bytes + Array("data: [DONE]\n\n".utf8)
    }

    /// All events of an answer that arrived as a whole.
    func all(of completion: ChatCompletion) -> [UInt8] {
        text(completion.choice.message.content, isFirst: true) + end(completion)
    }

    /// An error after the first piece.
    static func failure(_ problem: Problem) -> [UInt8] {
        var json = JSONWriter()
        problem.encodeForOpenAI(to: &json)
        return Array("data: ".utf8) + json.bytes + Array("\n\n".utf8)
    }

    private func event(_ members: (inout JSONWriter) -> Void) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("id", id)
            json.member("object", "chat.completion.chunk")
            json.member("created", created)
            json.member("model", model)
            members(&json)
        }
        return Array("data: ".utf8) + json.bytes + Array("\n\n".utf8)
    }

    private struct Choice: JSONEncodable {
        let role: String?
        let text: String?
        let reason: String?

        func encode(to json: inout JSONWriter) {
            json.object { json in
                json.member("index", 0)
                json.member("delta") { json in
                    json.object { json in
                        if let role { json.member("role", role) }
                        if let text { json.member("content", text) }
                    }
                }
                json.member("logprobs", String?.none)
                json.member("finish_reason", reason)
            }
        }
    }
}
