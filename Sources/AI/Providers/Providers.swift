public import Base
public import System

/// The providers that the environment names.
public struct Providers: Sendable {
    /// The name of Anthropic, or of what stands in its place, and of its circuit breaker.
    public static let anthropicName = "anthropic-ai"

    /// The name of OpenAI, or of what stands in its place, and of its circuit breaker.
    public static let openAIName = "openai"

    /// Who is spoken to in Anthropic's format; nil if neither key nor address is set.
    public let anthropic: Provider?

    /// Who is spoken to in one of OpenAI's formats; nil if neither key nor address is set.
    public let openAI: Provider?

    /// Both, where they are set.
    public var all: [Provider] { [anthropic, openAI].compactMap(\.self) }

    /// Reads the configuration; a provider is there when its key or its address is set.
    ///
    /// - `ANTHROPIC_API_KEY`, `ANTHROPIC_BASE_URL`, `ANTHROPIC_MODEL`;
    ///   `ANTHROPIC_VERSION`, the version of the API, by default 2023-06-01;
    ///   `ANTHROPIC_AUTH`, `x-api-key` or `bearer`, by default what the version's own clients send.
    /// - `OPENAI_API_KEY`, `OPENAI_BASE_URL`, `OPENAI_MODEL`, `OPENAI_ORGANIZATION`, `OPENAI_PROJECT`;
    ///   `OPENAI_WIRE`, `chat` or `responses`;
    ///   `OPENAI_MAX_TOKENS_FIELD`, `max_completion_tokens` or `max_tokens`, which is the default at other addresses
    ///   than OpenAI's own;
    ///   `OPENAI_PROMPT_INCLUDES_CACHE_WRITES`, 1 or 0.
    ///
    /// - Throws: `ConfigurationError`, which names the variable and never its value.
    public init(_ environment: Environment) throws(ConfigurationError) {
        let variables = ProviderVariables(environment)
        anthropic = try variables.anthropic()
        openAI = try variables.openAI()
    }

    /// The provider of a name; nil for all others.
    public subscript(_ name: String) -> Provider? {
        all.first { $0.name == name }
    }
}
