public import Base
public import Core

/// A model's answer.
public struct Completion: Sendable, Hashable {
    /// The text of the answer, without the model's reasoning.
    public let text: String

    /// The model's reasoning, as far as the provider shows it; nil if it shows none.
    ///
    /// It has at most 64 KiB.
    public let reasoning: String?

    /// The embeddings, each an array of numbers, in the order of the texts; nil for the answer to a conversation.
    public let embeddings: [JSONText]?

    public let stopReason: StopReason

    /// The stop sequence that ended the answer; nil if none did.
    public let stopSequence: String?

    /// The category of a refusal, as the provider names it.
    public let refusalCategory: String?

    /// The token counts; nil if the provider reported none.
    ///
    /// The answer of a call always has counts: those of the provider, or an estimate.
    public internal(set) var usage: TokenUsage?

    /// The cost that the provider reported, which few do.
    public let providerCost: USDollars?

    /// The full name of the model that answered.
    public let model: String

    /// The provider's ID of the answer.
    public let id: String?

    /// The provider's ID of the request, which its support asks for.
    public let requestID: String?

    /// The rate limits that the provider reported with the answer.
    public let rateLimits: RateLimits?

    /// Whether the answer ends at a token limit.
    public var isTruncated: Bool {
        stopReason.kind == .maxTokens || stopReason.kind == .contextWindow
    }
}

/// The reason why a model stopped.
public struct StopReason: Sendable, Hashable {
    /// The stop reasons that the providers share under different names.
    public enum Kind: String, Sendable, CaseIterable {
        /// The answer is complete.
        case finished

        /// The model generated one of the request's stop sequences.
        case stopSequence = "stop_sequence"

        /// The answer reached its token limit.
        case maxTokens = "max_tokens"

        /// Prompt and answer filled the context window.
        case contextWindow = "context_window"

        /// The model requests a tool call.
        case toolUse = "tool_use"

        /// The model paused and expects to be asked to continue.
        case pause

        /// The model, or a filter behind it, refused to answer.
        case refusal

        /// The server failed while the model wrote the answer.
        case failure

        /// A reason that this version does not know.
        case other
    }

    public let kind: Kind

    /// The provider's name of the reason; empty if it gave none.
    public let rawValue: String

    /// Makes a reason from the provider's name for it.
    public init(_ kind: Kind, _ rawValue: String) {
        self.kind = kind
        self.rawValue = rawValue
    }
}
