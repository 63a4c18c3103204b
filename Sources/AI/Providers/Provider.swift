public import Base

/// A service that answers prompts: where it is, how it is spoken to, and what its circuit breaker is called.
public struct Provider: Sendable {
    /// What it is called, and its circuit breaker with it: `anthropic-ai`, `openai`.
    public let name: String

    /// How requests and answers are written.
    public let wireFormat: WireFormatName

    /// Where it is.
    public let baseURL: BaseURL

    /// The key that it knows us by; nil for a server that asks for none.
    let key: Secret?

    /// How the key is sent.
    public var authentication: Authentication

    /// What `anthropic-version` says.
    public var apiVersion = Provider.stableAPIVersion

    /// The model of a request that names none.
    public var defaultModel: String?

    /// What OpenAI Chat Completions calls the limit of an answer.
    public var maxTokensField = MaxTokensField.maxCompletionTokens

    /// What `OpenAI-Organization` says.
    public var organization: String?

    /// What `OpenAI-Project` says.
    public var project: String?

    /// Whether the prompt's tokens, as OpenAI's formats count them, contain those written to a cache.
    public var promptIncludesCacheWrites = true

    /// Describes a provider.
    ///
    /// - Parameters:
    ///   - name: What it and its circuit breaker are called.
    ///   - wireFormat: How requests and answers are written.
    ///   - baseURL: Where it is; a trailing `/v1` is dropped for Anthropic's format, whose path has one.
    ///   - key: The key that it knows us by; nil for a server that asks for none.
    ///   - authentication: How the key is sent; by default as the wire format's own provider wants it.
    public init(
        name: String,
        wireFormat: WireFormatName,
        baseURL: BaseURL,
        key: Secret?,
        authentication: Authentication? = nil
    ) {
        self.name = name
        self.wireFormat = wireFormat
        self.baseURL = wireFormat == .anthropicMessages ? baseURL.withoutVersion : baseURL
        self.key = key
        self.authentication = authentication ?? (wireFormat == .anthropicMessages ? .apiKeyHeader : .bearer)
    }

    /// The version of Anthropic's API that has been there longest; it goes with both ways to send a key.
    public static var stableAPIVersion: String { "2023-06-01" }

    /// The limit's two names in OpenAI Chat Completions.
    public enum MaxTokensField: String, Sendable, CaseIterable {
        /// What OpenAI's own models take.
        case maxCompletionTokens = "max_completion_tokens"

        /// What most other servers know.
        case maxTokens = "max_tokens"
    }

    /// How a key is sent.
    public enum Authentication: String, Sendable, CaseIterable {
        case bearer
        case apiKeyHeader = "x-api-key"
    }
}

extension Provider {
    /// A text of somebody else's, fit for a log: without the key in any form, and not longer than 500 characters.
    func redacted(_ text: String) -> String {
        var bytes = Array(text.utf8)
        if let key, !key.bytes.isEmpty {
            for form in [key.bytes, Array(Base64.encode(key.bytes).utf8), Array(Base64.encodeURL(key.bytes).utf8)] {
                bytes = bytes.replacing(bytes: form, by: Array(key.description.utf8))
            }
        }
        return String(String.UnicodeScalarView(String(decoding: bytes, as: UTF8.self).unicodeScalars.prefix(500)))
    }
}
