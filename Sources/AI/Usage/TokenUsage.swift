public import Base
import Core

/// The tokens of one call.
///
/// Each token is counted in exactly one field, for all providers alike.
public struct TokenUsage: Hashable, Sendable {
    /// Prompt tokens that were neither read from a cache nor written to one.
    public var input: Int

    /// Tokens of the answer, reasoning tokens included.
    public var output: Int

    /// Prompt tokens that the provider read from its cache.
    public var cacheRead: Int

    /// Prompt tokens that were written to a cache for five minutes, or for the provider's default time.
    public var cacheWrite5m: Int

    /// Prompt tokens that were written to a cache for one hour.
    public var cacheWrite1h: Int

    /// The part of ``output`` that the model spent on reasoning.
    public var reasoning: Int

    /// Whether a count is estimated from bytes, because the provider reported none that can be right.
    public var isEstimated = false

    /// Makes counts; a negative number counts as zero.
    public init(
        input: Int = 0,
        output: Int = 0,
        cacheRead: Int = 0,
        cacheWrite5m: Int = 0,
        cacheWrite1h: Int = 0,
        reasoning: Int = 0
    ) {
        self.input = max(input, 0)
        self.output = max(output, 0)
        self.cacheRead = max(cacheRead, 0)
        self.cacheWrite5m = max(cacheWrite5m, 0)
        self.cacheWrite1h = max(cacheWrite1h, 0)
        self.reasoning = max(reasoning, 0)
    }

    /// All tokens of the prompt, cached ones included.
    public var prompt: Int {
        input.addingSaturated(cacheRead).addingSaturated(cacheWrite5m).addingSaturated(cacheWrite1h)
    }
}

extension TokenUsage: JSONEncodable {
    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("input", input)
            json.member("output", output)
            json.member("cacheRead", cacheRead)
            json.member("cacheWrite5m", cacheWrite5m)
            json.member("cacheWrite1h", cacheWrite1h)
            json.member("reasoning", reasoning)
            if isEstimated { json.member("estimated", true) }
        }
    }
}

extension Int {
    /// The sum of two numbers that are not negative, or the largest number.
    fileprivate func addingSaturated(_ other: Int) -> Int {
        let (sum, overflows) = addingReportingOverflow(other)
        return overflows ? .max : sum
    }
}

extension TokenUsage: OutputValue {
    public static var rule: String { "object of counts" }
    public static var form: ValueForm { .map(.either([Int.form, Bool.form])) }
}

/// Token counts in Anthropic's format.
///
/// A stream reports counts more than once; a later count replaces an earlier one field by field.
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

    /// The counted tokens; nil if the provider reported none.
    var tokens: TokenUsage? {
        guard input != nil || output != nil else { return nil }
        let write1h = cacheWrite1h ?? 0
        return TokenUsage(
            input: input ?? 0,
            output: output ?? 0,
            cacheRead: cacheRead ?? 0,
            // The older field holds the sum. The part beyond the one-hour writes was cached for the default time.
            cacheWrite5m: max(cacheWrite5m ?? 0, (cacheWrites ?? 0) - write1h),
            cacheWrite1h: write1h,
            reasoning: reasoning ?? 0
        )
    }
}

extension TokenUsage {
    /// Reads token counts in OpenAI's formats; nil if the provider reported none.
    ///
    /// The prompt's tokens include those that were read from a cache. Whether they also include cache writes depends
    /// on the provider.
    init?(openAI usage: JSONValue?, for provider: Provider) {
        guard let usage, usage.kind == .object else { return nil }
        func count(_ chat: String, _ responses: String) -> JSONValue? { usage[chat] ?? usage[responses] }
        let prompt = count("prompt_tokens", "input_tokens")?.tokenCount
        let output = count("completion_tokens", "output_tokens")?.tokenCount
        guard prompt != nil || output != nil else { return nil }
        let promptDetails = count("prompt_tokens_details", "input_tokens_details")
        let outputDetails = count("completion_tokens_details", "output_tokens_details")
        // Moonshot counts cached tokens beside the others, and DeepSeek has its own name for them.
        let cached =
            promptDetails?["cached_tokens"]?.tokenCount ?? usage["cached_tokens"]?.tokenCount
            ?? usage["prompt_cache_hit_tokens"]?.tokenCount ?? 0
        let written = promptDetails?["cache_write_tokens"]?.tokenCount ?? 0
        let elsewhere = provider.promptIncludesCacheWrites ? cached + written : cached
        // xAI and Gemini count reasoning in the total only.
        let named = (prompt ?? 0) + (output ?? 0) + (provider.promptIncludesCacheWrites ? 0 : written)
        let total = prompt == nil || output == nil ? 0 : usage["total_tokens"]?.tokenCount ?? 0
        let unnamed = max(total - named, 0)
        self.init(
            input: (prompt ?? 0) - elsewhere,
            output: (output ?? 0) + unnamed,
            cacheRead: cached,
            cacheWrite5m: written,
            reasoning: min(outputDetails?["reasoning_tokens"]?.tokenCount ?? unnamed, (output ?? 0) + unnamed)
        )
    }
}

extension JSONValue {
    /// A number of tokens; nil if the value is not a number.
    ///
    /// Some servers write `10.0` for ten. It is capped at 2^40, more than any call has, so that sums cannot overflow.
    var tokenCount: Int? {
        let most = 1 << 40
        return integer.map { min(max($0, 0), most) } ?? double.map { Int(min(max($0, 0), Double(most)).rounded(.up)) }
    }
}
