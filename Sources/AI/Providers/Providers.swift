public import Base
public import System

/// The providers that the environment configures.
public struct Providers: Sendable {
    /// The name of the provider in Anthropic's format and of its circuit breaker.
    public static let anthropicName = "anthropic-ai"

    /// The name of the provider in OpenAI's formats and of its circuit breaker.
    public static let openAIName = "openai"

    /// The configured providers, in the order of a call that names none.
    ///
    /// Those that only variables describe come first, and then those of `NOFX_PROVIDERS` in its order.
    public let all: [Provider]

    /// The routes of `NOFX_ROUTES`.
    let routes: [Route]

    /// The provider in Anthropic's format; nil if it is not configured.
    public var anthropic: Provider? { self[Self.anthropicName] }

    /// The provider in one of OpenAI's formats; nil if it is not configured.
    public var openAI: Provider? { self[Self.openAIName] }

    /// The names of the configured routes.
    public var routeNames: [String] { routes.map(\.name) }

    /// Reads the configuration.
    ///
    /// `NOFX_PROVIDERS` lists any number of providers. Two more exist if the key or the address of one is set:
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
    /// - Throws: `ConfigurationError`, which names the variable but never its value.
    public init(_ environment: Environment) throws(ConfigurationError) {
        let variables = ProviderVariables(environment)
        let listed = try ProviderEntry.providers(environment, variables)
        let described = [try variables.anthropic(), try variables.openAI()].compactMap(\.self)
        all = described.filter { provider in !listed.contains { $0.name == provider.name } } + listed
        routes = try Route.routes(environment, of: all)
    }

    /// The configured provider with a name; nil if there is none.
    public subscript(_ name: String) -> Provider? {
        all.first { $0.name == name }
    }
}
