public import Core

/// What a model answered.
public struct Completion: Sendable, Hashable {
    /// All the text of the answer; what the model thought is left out.
    public let text: String

    /// Why the model stopped.
    public let stopReason: StopReason

    /// The stop sequence that ended the answer.
    public let stopSequence: String?

    /// What kind of thing was refused, in the provider's words.
    public let refusalCategory: String?

    /// The tokens; nil if the provider did not count them.
    public let usage: TokenUsage?

    /// What the call cost by the provider's own account, which few give.
    public let providerCost: USDollars?

    /// The model that answered, by its full name.
    public let model: String

    /// The provider's name of the answer.
    public let id: String?

    /// The provider's name of the request, which its support asks for.
    public let requestID: String?

    /// How much more may be asked for now, where the provider says so.
    public let rateLimits: RateLimits?

    /// Whether the answer ends where its limit was rather than where it is complete.
    public var isTruncated: Bool {
        stopReason.kind == .maxTokens || stopReason.kind == .contextWindow
    }
}

/// Why a model stopped.
public struct StopReason: Sendable, Hashable {
    /// What providers call differently and is the same.
    public enum Kind: String, Sendable, CaseIterable {
        /// It had said all.
        case finished

        /// One of the request's stop sequences came.
        case stopSequence = "stop_sequence"

        /// The answer reached its limit.
        case maxTokens = "max_tokens"

        /// Prompt and answer filled what the model can hold.
        case contextWindow = "context_window"

        /// It wants a tool to be used.
        case toolUse = "tool_use"

        /// It wants to be asked to go on.
        case pause

        /// It, or a filter behind it, would not answer.
        case refusal

        /// Something that this version does not know.
        case other
    }

    public let kind: Kind

    /// The provider's own word; empty if it gave none.
    public let rawValue: String

    /// Takes a reason and the provider's word for it.
    public init(_ kind: Kind, _ rawValue: String) {
        self.kind = kind
        self.rawValue = rawValue
    }
}
