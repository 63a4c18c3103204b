import Base
import System

/// Reads the variables that configure providers.
struct ProviderVariables {
    private let environment: Environment

    init(_ environment: Environment) {
        self.environment = environment
    }

    /// The provider in Anthropic's format; nil if neither its key nor its address is set, unless it is required.
    func anthropic(isRequired: Bool = false) throws(ConfigurationError) -> Provider? {
        guard isRequired || isSet("ANTHROPIC") else { return nil }
        let ownURL = try url("ANTHROPIC_BASE_URL")
        let version = try version("ANTHROPIC_VERSION") ?? Provider.stableAPIVersion
        var provider = Provider(
            name: Providers.anthropicName,
            wireFormat: .anthropicMessages,
            baseURL: ownURL ?? .anthropic,
            keys: try keys("ANTHROPIC_API_KEY"),
            authentication: try choice("ANTHROPIC_AUTH", among: [.bearer, .apiKeyHeader]) ?? .usual(for: version)
        )
        provider.apiVersion = version
        provider.defaultModel = try word("ANTHROPIC_MODEL") ?? (ownURL == nil ? "claude-sonnet-5-5" : nil)
        return provider
    }

    /// The provider in one of OpenAI's formats; nil if neither its key nor its address is set, unless it is required.
    func openAI(isRequired: Bool = false) throws(ConfigurationError) -> Provider? {
        guard isRequired || isSet("OPENAI") else { return nil }
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
