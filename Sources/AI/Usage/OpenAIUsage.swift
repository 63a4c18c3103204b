import Base
import Core

extension TokenUsage {
    /// Reads how OpenAI's formats count tokens; nil if nothing was counted.
    ///
    /// The prompt's tokens contain those that were read from a cache. Whether they contain those written to one too is
    /// for the provider to say.
    init?(openAI usage: JSONValue?, for provider: Provider) {
        guard let usage, usage.kind == .object else { return nil }
        func count(_ chat: String, _ responses: String) -> JSONValue? { usage[chat] ?? usage[responses] }
        let prompt = count("prompt_tokens", "input_tokens")?.tokenCount
        let output = count("completion_tokens", "output_tokens")?.tokenCount
        guard prompt != nil || output != nil else { return nil }
        let promptDetails = count("prompt_tokens_details", "input_tokens_details")
        let outputDetails = count("completion_tokens_details", "output_tokens_details")
        let cached = promptDetails?["cached_tokens"]?.tokenCount ?? 0
        let written = promptDetails?["cache_write_tokens"]?.tokenCount ?? 0
        let elsewhere = provider.promptIncludesCacheWrites ? cached + written : cached
        self.init(
            input: (prompt ?? 0) - elsewhere,
            output: output ?? 0,
            cacheRead: cached,
            cacheWrite5m: written,
            reasoning: outputDetails?["reasoning_tokens"]?.tokenCount ?? 0
        )
    }
}

extension JSONValue {
    /// A number of tokens; nil for all else.
    ///
    /// No call has more than 2^40, and sums of such numbers fit.
    var tokenCount: Int? { integer.map { min(max($0, 0), 1 << 40) } }
}
