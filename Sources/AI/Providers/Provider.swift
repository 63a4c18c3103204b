import Base
import Cryptography
public import Reliability

/// An AI provider: its address, wire format, credentials and circuit breaker.
public struct Provider: Sendable {
    /// The name of the provider and of its circuit breaker: `anthropic-ai`, `openai`.
    public let name: String

    /// The encoding of requests and answers.
    public let wireFormat: WireFormatName

    /// The address to which the paths of the wire format are appended.
    public let baseURL: BaseURL

    /// The API keys; empty for a server that needs none.
    public let keys: [ProviderKey]

    /// The header that carries the key.
    public var authentication: Authentication

    /// The value of the header `anthropic-version`.
    public var apiVersion = Provider.stableAPIVersion

    /// The model for requests that name none.
    public var defaultModel: String?

    /// The name of the field for the token limit in OpenAI Chat Completions.
    public var maxTokensField = MaxTokensField.maxCompletionTokens

    /// The value of the header `OpenAI-Organization`.
    public var organization: String?

    /// The value of the header `OpenAI-Project`.
    public var project: String?

    /// The preset that describes the provider; nil if none does.
    public var preset: String?

    /// More header fields of each request.
    var headers: [ProviderHeader] = []

    /// Signs requests in place of a key; nil for a provider that takes keys.
    var signature: AWSSignature?

    /// The query of the address.
    var query: [(name: String, value: String)] = []

    /// The policy of the provider's circuit breakers; nil for that of all calls.
    public var breakerPolicy: CircuitBreakerPolicy?

    /// The provider's own prices, which come before the price list.
    var prices: [ModelPrice] = []

    /// Whether the prompt tokens that OpenAI's formats report include cache writes.
    public var promptIncludesCacheWrites = true

    /// Whether the provider reports what each answer costs, as gateways do, so that a model without a price is counted.
    public var reportsCost = false

    /// Describes a provider.
    ///
    /// - Parameters:
    ///   - name: The name of the provider and of its circuit breaker.
    ///   - wireFormat: The encoding of requests and answers.
    ///   - baseURL: The address. A trailing `/v1` is dropped for Anthropic's format, whose path contains it.
    ///   - keys: The API keys; empty for a server that needs none.
    ///   - authentication: The header that carries the key; by default as the API version's own clients send it.
    public init(
        name: String,
        wireFormat: WireFormatName,
        baseURL: BaseURL,
        keys: [ProviderKey],
        authentication: Authentication? = nil
    ) {
        self.name = name
        self.wireFormat = wireFormat
        self.baseURL = wireFormat == .anthropicMessages ? baseURL.withoutVersion : baseURL
        self.keys = keys
        self.authentication = authentication ?? (wireFormat == .anthropicMessages ? .apiKeyHeader : .bearer)
    }

    /// The oldest supported version of Anthropic's API, which accepts the key in either header.
    public static var stableAPIVersion: String { "2023-06-01" }

    /// The two names of the token limit in OpenAI Chat Completions.
    public enum MaxTokensField: String, Sendable, CaseIterable {
        /// The name that OpenAI's own models require.
        case maxCompletionTokens = "max_completion_tokens"

        /// The name that most other servers support.
        case maxTokens = "max_tokens"
    }

    /// The header that carries the key.
    public enum Authentication: String, Sendable, CaseIterable {
        case bearer
        case apiKeyHeader = "x-api-key"

        /// The header of Azure.
        case azureHeader = "api-key"

        /// A signature with the credentials of AWS, in place of a key.
        case aws
    }
}

/// A header field of each request to a provider.
struct ProviderHeader: Sendable {
    let name: String
    let value: Secret

    /// Whether the value comes from a variable and must not be shown.
    let isSecret: Bool
}

extension Provider {
    /// Makes a foreign text safe for a log: removes the keys in every encoding and cuts it at 500 characters.
    func redacted(_ text: String) -> String {
        var bytes = Array(text.utf8)
        let secrets =
            keys.map(\.secret) + headers.filter(\.isSecret).map(\.value) + (signature?.secrets ?? [])
        for key in secrets where !key.bytes.isEmpty {
            for form in [key.bytes, Array(Base64.encode(key.bytes).utf8), Array(Base64.encodeURL(key.bytes).utf8)] {
                bytes = bytes.replacing(bytes: form, by: Array(key.description.utf8))
            }
        }
        return String(String.UnicodeScalarView(String(decoding: bytes, as: UTF8.self).unicodeScalars.prefix(500)))
    }
}
