import Base

/// A service that answers prompts: where it is, how it is spoken to, and what its circuit breaker is called.
public struct Provider: Sendable {
    /// What it is called, and its circuit breaker with it: `anthropic-ai`, `openai`.
    public let name: String

    /// The key that it knows us by; nil for a server that asks for none.
    let key: Secret?
}
