import Base

/// The providers that need only a key, or not even that.
///
/// A preset fills in what an entry of `NOFX_PROVIDERS` leaves out.
enum ProviderPreset: String, InputEnumeration {
    /// What the variables `ANTHROPIC_…` and `OPENAI_…` describe.
    case anthropic, openai

    case azure, bedrock, deepseek, gemini, groq, mistral, ollama, openrouter, together, vllm, xai

    /// The provider's name, unless the entry has one.
    var name: String {
        switch self {
        case .anthropic: Providers.anthropicName
        case .openai: Providers.openAIName
        default: rawValue
        }
    }

    /// The preset for which a provider's name is reserved; nil if every provider may have it.
    static func reserving(_ name: String) -> ProviderPreset? {
        [anthropic, openai].first { $0.name == name }
    }
}

extension ProviderPreset {
    /// What a preset knows of its provider.
    struct Settings {
        /// The address, in which the entry's `resource` and `region` are filled in.
        let url: String

        /// The variable with the key.
        let key: String

        /// Whether the provider refuses requests without a key.
        var needsKey = true

        var authentication = Provider.Authentication.bearer
        var maxTokensField = Provider.MaxTokensField.maxTokens

        /// The model for requests that name none; nil if there is no name that the provider keeps current.
        var model: String?

        /// Whether its answers cost nothing, because the operator owns the machine.
        var isFree = false

        /// Whether each answer says what it cost.
        var reportsCost = false
    }

    /// The settings; nil for the presets that variables describe.
    ///
    /// All of these speak Chat Completions.
    var settings: Settings? {
        switch self {
        case .anthropic, .openai:
            nil
        case .azure:
            Settings(
                url: "https://{resource}.openai.azure.com/openai/deployments/{model}",
                key: "AZURE_OPENAI_API_KEY",
                authentication: .azureHeader,
                maxTokensField: .maxCompletionTokens
            )
        case .bedrock:
            Settings(
                url: "https://bedrock-runtime.{region}.amazonaws.com/openai/v1",
                key: "AWS_BEARER_TOKEN_BEDROCK",
                maxTokensField: .maxCompletionTokens
            )
        case .deepseek:
            Settings(url: "https://api.deepseek.com/v1", key: "DEEPSEEK_API_KEY", model: "deepseek-flash")
        case .gemini:
            Settings(
                url: "https://generativelanguage.googleapis.com/v1beta/openai",
                key: "GEMINI_API_KEY",
                model: "gemini-flash-latest"
            )
        case .groq:
            Settings(
                url: "https://api.groq.com/openai/v1",
                key: "GROQ_API_KEY",
                maxTokensField: .maxCompletionTokens,
                model: "openai/gpt-oss-120b"
            )
        case .mistral:
            Settings(url: "https://api.mistral.ai/v1", key: "MISTRAL_API_KEY", model: "mistral-small-latest")
        case .ollama:
            Settings(url: "http://localhost:11434/v1", key: "OLLAMA_API_KEY", needsKey: false, isFree: true)
        case .openrouter:
            Settings(
                url: "https://openrouter.ai/api/v1",
                key: "OPENROUTER_API_KEY",
                model: "openrouter/auto",
                reportsCost: true
            )
        case .together:
            Settings(url: "https://api.together.ai/v1", key: "TOGETHER_API_KEY", model: "openai/gpt-oss-120b")
        case .vllm:
            Settings(url: "http://localhost:8000/v1", key: "VLLM_API_KEY", needsKey: false, isFree: true)
        case .xai:
            Settings(
                url: "https://api.x.ai/v1",
                key: "XAI_API_KEY",
                maxTokensField: .maxCompletionTokens,
                model: "grok-4.5-latest"
            )
        }
    }
}
