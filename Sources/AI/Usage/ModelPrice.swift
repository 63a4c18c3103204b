public import Base
public import Core

/// What a model's tokens cost from some day on.
///
/// Prices are billionths of a US dollar for one token, which is thousandths of a dollar for a million.
public struct ModelPrice: Sendable, Hashable {
    /// The model's name, without a date.
    public let model: String

    /// When the price began; nil if it has always been so.
    public let start: Timestamp?

    /// What is charged.
    public let rates: Rates

    /// What is charged for all tokens of a call whose prompt is longer than a threshold.
    public let longPrompt: LongPrompt?

    /// Makes a price.
    public init(_ model: String, from start: Timestamp? = nil, _ rates: Rates, longPrompt: LongPrompt? = nil) {
        self.model = model
        self.start = start
        self.rates = rates
        self.longPrompt = longPrompt
    }

    /// The price of a token of each kind.
    public struct Rates: Sendable, Hashable {
        public let input: Int64
        public let output: Int64
        public let cacheRead: Int64
        public let cacheWrite5m: Int64
        public let cacheWrite1h: Int64

        /// Makes rates; what has no price of its own costs as much as what it replaces.
        public init(
            input: Int64,
            output: Int64,
            cacheRead: Int64? = nil,
            cacheWrite5m: Int64? = nil,
            cacheWrite1h: Int64? = nil
        ) {
            self.input = input
            self.output = output
            self.cacheRead = cacheRead ?? input
            self.cacheWrite5m = cacheWrite5m ?? input
            self.cacheWrite1h = cacheWrite1h ?? self.cacheWrite5m
        }

        /// The dearest token of a prompt.
        var dearestInput: Int64 { max(input, cacheRead, cacheWrite5m, cacheWrite1h) }
    }

    /// The rates of long prompts.
    public struct LongPrompt: Sendable, Hashable {
        /// The longest prompt that does not count as long, in tokens and with those of the cache.
        public let threshold: Int
        public let rates: Rates

        /// Makes rates of prompts longer than a threshold.
        public init(above threshold: Int, _ rates: Rates) {
            self.threshold = threshold
            self.rates = rates
        }
    }

    /// What tokens cost; an amount that does not fit stays at the largest.
    public func cost(of usage: TokenUsage) -> USDollars {
        let rates = rates(forPrompt: usage.prompt)
        return USDollars(usage.input, rates.input) + USDollars(usage.output, rates.output)
            + USDollars(usage.cacheRead, rates.cacheRead) + USDollars(usage.cacheWrite5m, rates.cacheWrite5m)
            + USDollars(usage.cacheWrite1h, rates.cacheWrite1h)
    }

    /// The rates of a call, by the length of its prompt.
    func rates(forPrompt tokens: Int) -> Rates {
        guard let longPrompt, tokens > longPrompt.threshold else { return rates }
        return longPrompt.rates
    }
}

extension USDollars {
    /// The cost of tokens at a price; what does not fit stays at the largest amount.
    init(_ tokens: Int, _ price: Int64) {
        let (product, overflows) = Int64(tokens).multipliedReportingOverflow(by: price)
        self.init(rawValue: overflows ? .max : product)
    }
}
