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
