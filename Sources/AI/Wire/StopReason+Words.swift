import Base

extension StopReason {
    /// The reason for a provider's word, in any dialect; nil for an empty word, which some servers send with every
    /// event.
    init?(word: String) {
        guard !word.isEmpty else { return nil }
        self.init(Self.kinds[word.lowercasedASCII] ?? .other, word)
    }

    /// The words in lower case, because Gemini and Cohere write them in upper case.
    private static let kinds: [String: Kind] = {
        var kinds: [String: Kind] = [:]
        for (kind, words) in words {
            for word in words { kinds[word] = kind }
        }
        return kinds
    }()

    private static let words: [(Kind, [String])] = [
        (.finished, ["stop", "end_turn", "completed", "complete", "eos", "eos_token", "stop_token"]),
        (.stopSequence, ["stop_sequence"]),
        (.maxTokens, ["length", "max_tokens", "max_output_tokens", "max_length", "model_length"]),
        (.contextWindow, ["model_context_window_exceeded", "context_window_exceeded", "context_length_exceeded"]),
        (.toolUse, ["tool_use", "tool_calls", "tool_call", "function_call"]),
        (.pause, ["pause_turn"]),
        (
            .refusal,
            [
                "refusal", "content_filter", "content_filtered", "guardrail_intervened", "safety", "sensitive",
                "recitation", "blocklist", "prohibited_content", "spii", "image_safety", "language", "error_toxic",
            ]
        ),
        (
            .failure,
            [
                "error", "network_error", "insufficient_system_resource", "abort", "aborted", "cancelled", "failed",
                "timeout", "malformed_function_call", "error_limit", "load", "unload",
            ]
        ),
    ]
}
