import Base

extension AIFailure {
    /// The exceptions from the rule that no error is classified by its message.
    ///
    /// Each is a failure that its provider reports in words only.
    struct Phrase {
        let cause: AIFailure

        /// The statuses with which the provider sends the message; nil if an error without a status has it too.
        let statuses: [Int?]

        /// The words, in lower case.
        let words: String

        /// Whether the message must begin with the words.
        ///
        /// A message can repeat the caller's text. What closes a provider for all teams must not be among it.
        var isStart = false

        /// The provider or server that uses the words.
        let source: String
    }

    /// The cause for the message of an error; nil if the message decides nothing.
    init?(message: String, status: Int?) {
        let message = String(decoding: message.utf8.prefix(4_096), as: UTF8.self).lowercasedASCII
        let phrase = Self.phrases.first { phrase in
            guard phrase.statuses.contains(status) else { return false }
            return phrase.isStart ? message.hasPrefix(phrase.words) : message.contains(text: phrase.words)
        }
        guard let phrase else { return nil }
        self = phrase.cause
    }

    private static let refusals: [Int?] = [nil, 400, 413, 422, 500]

    /// LiteLLM forwards the errors of others with the status 400 or 500.
    static let phrases: [Phrase] = [
        Phrase(
            cause: .quotaExhausted,
            statuses: [400],
            words: "your credit balance is too low",
            isStart: true,
            source: "Anthropic, type invalid_request_error"
        ),
        Phrase(
            cause: .quotaExhausted,
            statuses: [400, 403, 429],
            words: "your team has used all available credits",
            isStart: true,
            source: "xAI"
        ),
        Phrase(
            cause: .modelAuthFailed,
            statuses: [401, 403],
            words: "litellm.authenticationerror",
            isStart: true,
            source: "LiteLLM, for the key of the server behind a model"
        ),
        Phrase(
            cause: .authFailed,
            statuses: [403],
            words: "your api key does not have permission",
            isStart: true,
            source: "Anthropic, type permission_error"
        ),
        Phrase(
            cause: .authFailed,
            statuses: [400, 403],
            words: "this organization has been disabled",
            isStart: true,
            source: "Anthropic, type invalid_request_error"
        ),
        Phrase(
            cause: .authFailed,
            statuses: [400, 403],
            words: "api key not valid",
            isStart: true,
            source: "Gemini, status INVALID_ARGUMENT"
        ),
        Phrase(
            cause: .authFailed,
            statuses: [400, 403],
            words: "api key expired",
            isStart: true,
            source: "Gemini, status INVALID_ARGUMENT"
        ),
        Phrase(
            cause: .authFailed,
            statuses: [403],
            words: "your api key was reported as leaked",
            isStart: true,
            source: "Gemini, status PERMISSION_DENIED"
        ),
        Phrase(
            cause: .authFailed,
            statuses: [400, 403],
            words: "incorrect api key provided",
            isStart: true,
            source: "OpenAI, and xAI with the status 400"
        ),
        Phrase(
            cause: .authFailed,
            statuses: [403],
            words: "the security token included in the request is",
            isStart: true,
            source: "Bedrock"
        ),
        // A request above the limit of a minute never passes, so waiting does not help.
        Phrase(
            cause: .contextTooLong,
            statuses: [413, 429],
            words: "request too large for",
            isStart: true,
            source: "OpenAI and Groq, code rate_limit_exceeded"
        ),
        Phrase(cause: .contextTooLong, statuses: refusals, words: "prompt is too long", source: "Anthropic"),
        Phrase(cause: .contextTooLong, statuses: refusals, words: "exceed context limit", source: "Anthropic"),
        Phrase(cause: .contextTooLong, statuses: refusals, words: "maximum context length", source: "OpenAI, vLLM"),
        Phrase(cause: .contextTooLong, statuses: refusals, words: "exceeds the context window", source: "OpenAI"),
        Phrase(cause: .contextTooLong, statuses: refusals, words: "maximum prompt length", source: "xAI"),
        Phrase(
            cause: .contextTooLong,
            statuses: refusals,
            words: "exceeds the maximum number of tokens",
            source: "Gemini"
        ),
        Phrase(cause: .contextTooLong, statuses: refusals, words: "exceeded model token limit", source: "Moonshot"),
        Phrase(cause: .contextTooLong, statuses: refusals, words: "the available context size", source: "llama.cpp"),
        Phrase(cause: .contextTooLong, statuses: refusals, words: "exceeds the context length", source: "Ollama"),
        Phrase(
            cause: .contextTooLong,
            statuses: refusals,
            words: "greater than the context length",
            source: "LM Studio"
        ),
        Phrase(cause: .contextTooLong, statuses: refusals, words: "the model's context length", source: "SGLang"),
        Phrase(
            cause: .contextTooLong,
            statuses: refusals,
            words: "input is too long for requested model",
            source: "Bedrock"
        ),
        Phrase(
            cause: .contextTooLong,
            statuses: refusals,
            words: "tokens + `max_new_tokens` must be <=",
            source: "Text Generation Inference, Together"
        ),
        Phrase(cause: .contextTooLong, statuses: refusals, words: "contextwindowexceedederror", source: "LiteLLM"),
        Phrase(cause: .contentRefused, statuses: refusals, words: "contentpolicyviolationerror", source: "LiteLLM"),
        Phrase(
            cause: .contentRefused,
            statuses: refusals,
            words: "output blocked by content filtering policy",
            source: "Anthropic"
        ),
        Phrase(cause: .contentRefused, statuses: refusals, words: "content management policy", source: "Azure OpenAI"),
        Phrase(cause: .noStreamOptions, statuses: [400, 422], words: "stream_options", source: "Mistral, older Azure"),
        Phrase(
            cause: .modelNotFound,
            statuses: refusals,
            words: "invalid model name passed in model",
            source: "LiteLLM"
        ),
        Phrase(cause: .modelNotFound, statuses: refusals, words: "model not exist", source: "DeepSeek"),
        Phrase(cause: .modelNotFound, statuses: refusals, words: "is not a valid model id", source: "OpenRouter"),
    ]
}
