import Base
import Core

/// How Anthropic counts tokens.
///
/// A stream counts more than once; what is counted later holds for what it names.
struct AnthropicUsage: Sendable {
    private(set) var cost: USDollars?
    private var input: Int?
    private var output: Int?
    private var cacheRead: Int?
    private var cacheWrites: Int?
    private var cacheWrite5m: Int?
    private var cacheWrite1h: Int?
    private var reasoning: Int?

    mutating func take(_ usage: JSONValue?) {
        guard let usage, usage.kind == .object else { return }
        input = usage["input_tokens"]?.tokenCount ?? input
        output = usage["output_tokens"]?.tokenCount ?? output
        cacheRead = usage["cache_read_input_tokens"]?.tokenCount ?? cacheRead
        cacheWrites = usage["cache_creation_input_tokens"]?.tokenCount ?? cacheWrites
        if let writes = usage["cache_creation"] {
            cacheWrite5m = writes["ephemeral_5m_input_tokens"]?.tokenCount ?? cacheWrite5m
            cacheWrite1h = writes["ephemeral_1h_input_tokens"]?.tokenCount ?? cacheWrite1h
        }
        reasoning = usage["output_tokens_details"]?["thinking_tokens"]?.tokenCount ?? reasoning
        cost = USDollars(number: usage["cost"]) ?? cost
    }

    /// What was counted; nil if nothing was.
    var tokens: TokenUsage? {
        guard input != nil || output != nil else { return nil }
        let write1h = cacheWrite1h ?? 0
        return TokenUsage(
            input: input ?? 0,
            output: output ?? 0,
            cacheRead: cacheRead ?? 0,
            // The sum is the older field; what it has beyond the parts was kept for the usual time.
            cacheWrite5m: max(cacheWrite5m ?? 0, (cacheWrites ?? 0) - write1h),
            cacheWrite1h: write1h,
            reasoning: reasoning ?? 0
        )
    }
}
