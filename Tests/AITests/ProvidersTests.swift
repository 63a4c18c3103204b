import Base
import System
import Testing

@testable import AI

@Suite struct ProvidersTests {
    private func read(_ variables: (String, String)...) throws(ConfigurationError) -> Providers {
        try Providers(Environment(variables))
    }

    private func fault(_ name: String, _ value: String) -> ConfigurationError? {
        do throws(ConfigurationError) {
            // For every variable, both providers are configured.
            let keys = [("ANTHROPIC_BASE_URL", "https://a.example"), ("OPENAI_BASE_URL", "https://o.example")]
            _ = try Providers(Environment([(name, value)] + keys))
            return nil
        } catch {
            return error
        }
    }

    @Test func `without a key and an address a provider is not configured`() throws {
        let providers = try read(("ANTHROPIC_MODEL", "m"), ("OPENAI_WIRE", "chat"), ("OPENAI_API_KEY", ""))

        #expect(providers.all.isEmpty)
    }

    @Test func `a key alone configures a provider`() throws {
        let providers = try read(("ANTHROPIC_API_KEY", "sk-ant-1"), ("OPENAI_API_KEY", "sk-1"))
        let anthropic = try #require(providers["anthropic-ai"])
        let openAI = try #require(providers["openai"])

        #expect(anthropic.baseURL.text == "https://api.anthropic.com" && anthropic.wireFormat == .anthropicMessages)
        #expect(anthropic.authentication == .apiKeyHeader && anthropic.apiVersion == "2023-06-01")
        #expect(anthropic.defaultModel == "claude-sonnet-5-5" && anthropic.keys.first?.secret.text == "sk-ant-1")
        #expect(openAI.baseURL.text == "https://api.openai.com/v1" && openAI.wireFormat == .openAIChat)
        #expect(openAI.authentication == .bearer && openAI.maxTokensField == .maxCompletionTokens)
        #expect(openAI.defaultModel == "gpt-6-sol" && openAI.promptIncludesCacheWrites)
        #expect(providers["other"] == nil)
    }

    @Test func `an address alone configures a provider without a default model`() throws {
        let providers = try read(
            ("ANTHROPIC_BASE_URL", "http://localhost:11434/v1/"),
            ("OPENAI_BASE_URL", "http://localhost:11434/v1/")
        )

        #expect(providers.all.map(\.baseURL.text) == ["http://localhost:11434", "http://localhost:11434/v1"])
        #expect(providers.all.allSatisfy { $0.keys.isEmpty && $0.defaultModel == nil })
        #expect(providers.openAI?.maxTokensField == .maxTokens)
    }

    @Test func `all variables take effect`() throws {
        let providers = try read(
            ("ANTHROPIC_API_KEY", "k"),
            ("ANTHROPIC_MODEL", "claude-x"),
            ("ANTHROPIC_VERSION", "2026-10-21"),
            ("ANTHROPIC_AUTH", "x-api-key"),
            ("OPENAI_API_KEY", "k"),
            ("OPENAI_MODEL", "gpt-x"),
            ("OPENAI_WIRE", "responses"),
            ("OPENAI_MAX_TOKENS_FIELD", "max_tokens"),
            ("OPENAI_ORGANIZATION", "org-1"),
            ("OPENAI_PROJECT", "proj-1"),
            ("OPENAI_PROMPT_INCLUDES_CACHE_WRITES", "0")
        )
        let anthropic = try #require(providers.anthropic)
        let openAI = try #require(providers.openAI)

        #expect(anthropic.defaultModel == "claude-x" && anthropic.apiVersion == "2026-10-21")
        #expect(anthropic.authentication == .apiKeyHeader)
        #expect(openAI.defaultModel == "gpt-x" && openAI.wireFormat == .openAIResponses)
        #expect(openAI.maxTokensField == .maxTokens && !openAI.promptIncludesCacheWrites)
        #expect(openAI.organization == "org-1" && openAI.project == "proj-1")
    }

    @Test(arguments: [("2023-06-01", Provider.Authentication.apiKeyHeader), ("2026-10-21", .bearer)])
    func `the key is sent in the header of the API version`(
        version: String,
        authentication: Provider.Authentication
    ) throws {
        let providers = try read(("ANTHROPIC_API_KEY", "k"), ("ANTHROPIC_VERSION", version))

        #expect(providers.anthropic?.authentication == authentication)
    }

    @Test(
        arguments: ["ANTHROPIC_API_KEY", "OPENAI_API_KEY"],
        ["hun\nter2", "hunter2\r", "hunter2 ", "hünter2", "hu\u{7F}nter2"]
    )
    func `a key that is not valid in a header is rejected without being shown`(name: String, key: String) {
        let error = fault(name, key)

        #expect(error?.variable == name)
        #expect(error?.description.contains("nter2") == false)
    }

    @Test(arguments: [
        ("ANTHROPIC_BASE_URL", "ftp://a.example"), ("ANTHROPIC_BASE_URL", "a.example"), ("OPENAI_BASE_URL", "https://"),
        ("OPENAI_BASE_URL", "https:///v1"), ("OPENAI_BASE_URL", "https://:80/v1"), ("OPENAI_BASE_URL", "https://a b"),
        ("OPENAI_BASE_URL", "https://user:hunter2@a.example"), ("OPENAI_BASE_URL", "https://a.example/?key=hunter2"),
        ("OPENAI_BASE_URL", "https://a.example/#x"), ("ANTHROPIC_VERSION", "latest"),
        ("ANTHROPIC_VERSION", "2026-02-30"), ("ANTHROPIC_AUTH", "basic"), ("ANTHROPIC_MODEL", "a b"),
        ("OPENAI_WIRE", "messages"), ("OPENAI_WIRE", "Chat"), ("OPENAI_MAX_TOKENS_FIELD", "limit"),
        ("OPENAI_ORGANIZATION", "a\nb"), ("OPENAI_PROJECT", "a\nb"), ("OPENAI_PROMPT_INCLUDES_CACHE_WRITES", "yes"),
    ])
    func `an invalid value is rejected with the variable's name and without the value`(name: String, value: String) {
        let error = fault(name, value)

        #expect(error?.variable == name)
        #expect(error?.rule.contains("hunter2") == false)
    }
}
