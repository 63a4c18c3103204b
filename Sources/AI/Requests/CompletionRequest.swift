public import Base

/// A request to a model.
public struct CompletionRequest: Sendable, Equatable {
    /// The model; nil for the provider's default.
    public var model: String?

    /// The system prompt.
    public var system: String?

    /// The conversation, in order.
    public var messages: [Message]

    /// The most tokens an answer may have.
    public var maxTokens: Int

    /// Texts that end an answer.
    public var stopSequences: [String] = []

    /// How much the model is to think; nil leaves it to the provider.
    public var effort: Effort?

    /// What an answer's JSON must look like; nil for plain text.
    public var schema: OutputSchema?

    /// Who uses the product, in a form that tells the provider nothing about the person.
    public var userID: String?

    /// Nothing is sent unless it is set: newer models refuse it.
    public var temperature: Double?

    /// Asks something.
    public init(model: String? = nil, system: String? = nil, messages: [Message], maxTokens: Int) {
        self.model = model
        self.system = system
        self.messages = messages
        self.maxTokens = maxTokens
    }

    /// Asks one question.
    public init(_ prompt: String, model: String? = nil, system: String? = nil, maxTokens: Int = 4_096) {
        self.init(model: model, system: system, messages: [Message(.user, prompt)], maxTokens: maxTokens)
    }

    /// What one side said.
    public struct Message: Sendable, Hashable {
        /// The two sides of a conversation.
        public enum Role: String, Sendable, CaseIterable {
            case user, assistant
        }

        public var role: Role
        public var text: String

        /// Says something.
        public init(_ role: Role, _ text: String) {
            self.role = role
            self.text = text
        }
    }

    /// How much a model is to think, in the provider's words.
    public struct Effort: RawRepresentable, Sendable, Hashable {
        public let rawValue: String

        /// Takes a word that the provider knows.
        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        public static let low = Effort(rawValue: "low")
        public static let medium = Effort(rawValue: "medium")
        public static let high = Effort(rawValue: "high")
    }
}

extension CompletionRequest.Message: JSONEncodable {
    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("role", role.rawValue)
            json.member("content", text)
        }
    }
}
