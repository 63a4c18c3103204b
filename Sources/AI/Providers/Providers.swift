public import Base
public import System

/// The providers that the environment configures.
public struct Providers: Sendable {
    /// The name of the provider in Anthropic's format and of its circuit breaker.
    public static let anthropicName = "anthropic-ai"

    /// The name of the provider in OpenAI's formats and of its circuit breaker.
    public static let openAIName = "openai"

    /// The provider in Anthropic's format; nil if neither its key nor its address is set.
    public let anthropic: Provider?

    /// The provider in one of OpenAI's formats; nil if neither its key nor its address is set.
    public let openAI: Provider?

    /// The configured providers.
    public var all: [Provider] { [anthropic, openAI].compactMap(\.self) }

    /// Reads the configuration; a provider exists if its key or its address is set.
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
        anthropic = try variables.anthropic()
        openAI = try variables.openAI()
    }

    /// The configured provider with a name; nil if there is none.
    public subscript(_ name: String) -> Provider? {
        all.first { $0.name == name }
    }
}

/// The address to which a provider's paths are appended.
public struct BaseURL: Sendable, Hashable, CustomStringConvertible {
    /// The address is not a valid base URL.
    public struct Invalid: Error, CustomStringConvertible {
        /// The rule that the address breaks.
        ///
        /// It never repeats the address.
        public let description: String
    }

    /// The address without a trailing slash.
    let text: String

    public var description: String { text }

    /// Validates an address.
    ///
    /// - Throws: ``Invalid``.
    public init(_ url: String) throws(Invalid) {
        guard url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Invalid(description: "must have no space, control character or byte outside ASCII")
        }
        guard let slashes = ["https://", "http://"].first(where: { url.lowercased().hasPrefix($0) }) else {
            throw Invalid(description: "must begin with https:// or http://")
        }
        let rest = url.utf8.dropFirst(slashes.utf8.count)
        guard !rest.contains(where: { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }) else {
            throw Invalid(description: "must have no query and no fragment")
        }
        let authority = rest.prefix { $0 != UInt8(ascii: "/") }
        guard !authority.contains(UInt8(ascii: "@")) else {
            throw Invalid(description: "must have no user and no password; a key has a variable of its own")
        }
        guard let first = authority.first, first != UInt8(ascii: ":") else {
            throw Invalid(description: "must name a host")
        }
        text = url.utf8.last == UInt8(ascii: "/") ? String(url.dropLast()) : url
    }

    static let anthropic = BaseURL(trusted: "https://api.anthropic.com")

    static let openAI = BaseURL(trusted: "https://api.openai.com/v1")

    private init(trusted text: String) {
        self.text = text
    }

    /// The address without a trailing `/v1`.
    var withoutVersion: BaseURL {
        text.utf8.count > 3 && text.hasSuffix("/v1") ? BaseURL(trusted: String(text.dropLast(3))) : self
    }
}

/// Reads the variables that configure providers.
struct ProviderVariables {
    private let environment: Environment

    init(_ environment: Environment) {
        self.environment = environment
    }

    func anthropic() throws(ConfigurationError) -> Provider? {
        guard isSet("ANTHROPIC") else { return nil }
        let ownURL = try url("ANTHROPIC_BASE_URL")
        let version = try version("ANTHROPIC_VERSION") ?? Provider.stableAPIVersion
        var provider = Provider(
            name: Providers.anthropicName,
            wireFormat: .anthropicMessages,
            baseURL: ownURL ?? .anthropic,
            keys: try keys("ANTHROPIC_API_KEY"),
            authentication: try choice("ANTHROPIC_AUTH") ?? .usual(for: version)
        )
        provider.apiVersion = version
        provider.defaultModel = try word("ANTHROPIC_MODEL") ?? (ownURL == nil ? "claude-sonnet-5-5" : nil)
        return provider
    }

    func openAI() throws(ConfigurationError) -> Provider? {
        guard isSet("OPENAI") else { return nil }
        let ownURL = try url("OPENAI_BASE_URL")
        let wire = try choice("OPENAI_WIRE", among: [WireFormatName.openAIChat, .openAIResponses])
        var provider = Provider(
            name: Providers.openAIName,
            wireFormat: wire ?? .openAIChat,
            baseURL: ownURL ?? .openAI,
            keys: try keys("OPENAI_API_KEY")
        )
        provider.defaultModel = try word("OPENAI_MODEL") ?? (ownURL == nil ? "gpt-6-sol" : nil)
        provider.maxTokensField =
            try choice("OPENAI_MAX_TOKENS_FIELD") ?? (ownURL == nil ? .maxCompletionTokens : .maxTokens)
        provider.organization = try word("OPENAI_ORGANIZATION")
        provider.project = try word("OPENAI_PROJECT")
        if environment["OPENAI_PROMPT_INCLUDES_CACHE_WRITES"] != nil {
            provider.promptIncludesCacheWrites = try environment.flag("OPENAI_PROMPT_INCLUDES_CACHE_WRITES")
        }
        return provider
    }
}

extension ProviderVariables {
    private func isSet(_ provider: String) -> Bool {
        environment["\(provider)_API_KEY"] != nil || environment["\(provider)_BASE_URL"] != nil
    }

    /// Rejects line breaks, which would start another header, and other characters outside of printable ASCII.
    private func keys(_ name: String) throws(ConfigurationError) -> [ProviderKey] {
        try word(name).map { [ProviderKey(Secret($0))] } ?? []
    }

    private func word(_ name: String) throws(ConfigurationError) -> String? {
        guard let value = environment[name] else { return nil }
        guard value.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw ConfigurationError(name, "must have no space, line break, control character or byte outside ASCII")
        }
        return value
    }

    private func url(_ name: String) throws(ConfigurationError) -> BaseURL? {
        guard let value = environment[name] else { return nil }
        do throws(BaseURL.Invalid) {
            return try BaseURL(value)
        } catch {
            throw ConfigurationError(name, error.description)
        }
    }

    private func version(_ name: String) throws(ConfigurationError) -> String? {
        guard let value = environment[name] else { return nil }
        guard Timestamp("\(value)T00:00:00Z") != nil else {
            throw ConfigurationError(name, "must be a date, as in \(Provider.stableAPIVersion)")
        }
        return value
    }

    private func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String
    ) throws(ConfigurationError) -> Choice? {
        try choice(name, among: Array(Choice.allCases))
    }

    private func choice<Choice: RawRepresentable<String>>(
        _ name: String,
        among choices: [Choice]
    ) throws(ConfigurationError) -> Choice? {
        guard let value = environment[name] else { return nil }
        guard let choice = choices.first(where: { $0.rawValue == value }) else {
            throw ConfigurationError(name, "must be \(choices.map(\.rawValue).joined(separator: " or "))")
        }
        return choice
    }
}

extension Provider.Authentication {
    /// The header that clients of an API version use for the key.
    ///
    /// Anthropic does not document whether newer versions accept the older header.
    fileprivate static func usual(for version: String) -> Provider.Authentication {
        version < "2026-10-21" ? .apiKeyHeader : .bearer
    }
}
