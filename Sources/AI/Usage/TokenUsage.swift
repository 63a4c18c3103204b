public import Base

/// The tokens of one call, counted so that each is in one place, whichever provider counted them.
public struct TokenUsage: Hashable, Sendable {
    /// Tokens of the prompt that were neither read from a cache nor written to one.
    public var input: Int

    /// Tokens of the answer, those of reasoning among them.
    public var output: Int

    /// Tokens of the prompt that came from the provider's cache.
    public var cacheRead: Int

    /// Tokens of the prompt that were put into a cache for five minutes, or for as long as the provider says.
    public var cacheWrite5m: Int

    /// Tokens of the prompt that were put into a cache for an hour.
    public var cacheWrite1h: Int

    /// How many tokens of ``output`` were spent on reasoning.
    public var reasoning: Int

    /// Counts tokens; what is negative counts as none.
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

    /// Every token of the prompt, whatever was done with it.
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
