/// A request to a model.
public struct CompletionRequest: Sendable, Equatable {
    /// The model; nil for the provider's default model.
    public var model: String?

    /// The system prompt.
    public var system: String?

    /// The conversation, oldest message first.
    public var messages: [Message]

    /// The largest number of tokens of the answer.
    public var maxTokens: Int

    /// Texts that end the answer when the model generates them.
    public var stopSequences: [String] = []

    /// How much the model should reason; nil for the provider's default.
    public var effort: Effort?

    /// The most tokens that the model may spend on thinking; nil for the provider's default.
    public var thinkingTokens: Int?

    /// The required form of a JSON answer; nil for plain text.
    public var schema: OutputSchema?

    /// A pseudonymous ID of the end user, from which the provider cannot identify the person.
    public var userID: String?

    /// The sampling temperature; nil to send none, because newer models reject the field.
    public var temperature: Double?

    /// What is asked in place of the messages; nil for a conversation.
    public internal(set) var embedding: EmbeddingQuestion?

    /// Whether a streamed answer in OpenAI Chat Completions is asked for its usage, which most servers tell only then.
    var asksForStreamUsage = true

    /// Makes a request with a conversation.
    public init(model: String? = nil, system: String? = nil, messages: [Message], maxTokens: Int) {
        self.model = model
        self.system = system
        self.messages = messages
        self.maxTokens = maxTokens
    }

    /// Makes a request with one question.
    public init(_ prompt: String, model: String? = nil, system: String? = nil, maxTokens: Int = 4_096) {
        self.init(model: model, system: system, messages: [Message(.user, prompt)], maxTokens: maxTokens)
    }

    /// A level of reasoning, by the provider's name.
    public struct Effort: RawRepresentable, Sendable, Hashable {
        public let rawValue: String

        /// Makes a level from a name that the provider knows.
        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        public static let low = Effort(rawValue: "low")
        public static let medium = Effort(rawValue: "medium")
        public static let high = Effort(rawValue: "high")
    }
}
