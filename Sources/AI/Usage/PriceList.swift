public import Base
public import Core

/// The prices of models over time.
public struct PriceList: Sendable {
    private let prices: [ModelPrice]

    /// Makes a list.
    ///
    /// Of two prices for a model, the later start applies; with equal starts, the first in the list.
    public init(_ prices: [ModelPrice]) {
        self.prices = prices
    }

    /// A copy in which the prices of the models in `others` replace the prices of the same models.
    public func replacing(with others: [ModelPrice]) -> PriceList {
        let replaced = Set(others.map(\.model))
        return PriceList(others + prices.filter { !replaced.contains($0.model) })
    }

    /// The cost of a call; nil if the model has no price, which is different from a cost of zero.
    ///
    /// - Parameters:
    ///   - usage: The tokens of the call.
    ///   - model: The model as the provider names it.
    ///   - time: The time of the call. Prices that began later do not apply.
    /// - Returns: The cost.
    public func cost(of usage: TokenUsage, model: String, at time: Timestamp) -> USDollars? {
        price(of: model, at: time)?.cost(of: usage)
    }

    /// An upper estimate of a request's cost before it is sent; nil if the model has no price.
    ///
    /// It assumes three bytes per token, fewer than any language needs, and an answer of the maximum length.
    public func estimate(of request: CompletionRequest, model: String, at time: Timestamp) -> USDollars? {
        guard let price = price(of: model, at: time) else { return nil }
        return price.most(for: request.mostTokens)
    }

    /// An upper estimate of the cost of a request to a model without a price: at the dearest price of the list.
    func dearestEstimate(of request: CompletionRequest) -> USDollars {
        prices.map { $0.most(for: request.mostTokens) }.max() ?? .zero
    }

    /// The price of a model at some time.
    ///
    /// It looks up the full name first, then the name without its date, then without a word such as `latest`.
    func price(of model: String, at time: Timestamp) -> ModelPrice? {
        for name in ModelName.candidates(of: model) {
            let versions = prices.filter { $0.model == name && $0.hasBegun(at: time) }
            if let price = versions.max(by: ModelPrice.beganEarlier) { return price }
        }
        return nil
    }
}

extension ModelPrice {
    fileprivate func hasBegun(at time: Timestamp) -> Bool {
        start.map { $0 <= time } ?? true
    }

    fileprivate static func beganEarlier(_ left: ModelPrice, _ right: ModelPrice) -> Bool {
        switch (left.start, right.start) {
        case (_, nil): false
        case (nil, _?): true
        case (let left?, let right?): left < right
        }
    }
}

/// The price of one model from a start time.
///
/// Prices are billionths of a US dollar per token, which equals thousandths of a dollar per million tokens.
public struct ModelPrice: Sendable, Hashable {
    /// The model's name, without a date.
    public let model: String

    /// The time from which the price applies; nil if it always applied.
    public let start: Timestamp?

    /// The rates for a prompt up to the threshold of ``longPrompt``.
    public let rates: Rates

    /// The rates for all tokens of a call whose prompt is longer than a threshold.
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

        /// Makes rates.
        ///
        /// A cache rate without a price of its own falls back to the rate that it replaces.
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

        /// The highest price of a prompt token.
        var dearestInput: Int64 { max(input, cacheRead, cacheWrite5m, cacheWrite1h) }
    }

    /// The rates of long prompts.
    public struct LongPrompt: Sendable, Hashable {
        /// The longest prompt that is not long, in tokens, cached tokens included.
        public let threshold: Int
        public let rates: Rates

        /// Makes rates of prompts longer than a threshold.
        public init(above threshold: Int, _ rates: Rates) {
            self.threshold = threshold
            self.rates = rates
        }
    }

    /// The cost of tokens; it saturates at the largest amount.
    public func cost(of usage: TokenUsage) -> USDollars {
        let rates = rates(forPrompt: usage.prompt)
        return USDollars(usage.input, rates.input) + USDollars(usage.output, rates.output)
            + USDollars(usage.cacheRead, rates.cacheRead) + USDollars(usage.cacheWrite5m, rates.cacheWrite5m)
            + USDollars(usage.cacheWrite1h, rates.cacheWrite1h)
    }

    /// The most that a request may cost.
    fileprivate func most(for tokens: TokenUsage) -> USDollars {
        let rates = rates(forPrompt: tokens.input)
        return USDollars(tokens.input, rates.dearestInput) + USDollars(tokens.output, rates.output)
    }

    /// The rates of a call, by the length of its prompt.
    func rates(forPrompt tokens: Int) -> Rates {
        guard let longPrompt, tokens > longPrompt.threshold else { return rates }
        return longPrompt.rates
    }
}

extension USDollars {
    /// The cost of tokens at a price; it saturates at the largest amount.
    init(_ tokens: Int, _ price: Int64) {
        let (product, overflows) = Int64(tokens).multipliedReportingOverflow(by: price)
        self.init(rawValue: overflows ? .max : product)
    }
}

/// The names under which a model's price may be listed.
enum ModelName {
    /// Suffixes that do not name another model.
    private static let words: Set<String> = ["latest", "preview", "default"]

    /// The name itself, then the name with its date or suffix word removed, step by step.
    ///
    /// Any other suffix, such as `-pro`, names another model with an unknown price.
    static func candidates(of model: String) -> [String] {
        var candidates = [model.lowercasedASCII]
        while let name = candidates.last, let shorter = withoutDate(name) ?? withoutWord(name) {
            candidates.append(shorter)
        }
        return candidates
    }

    /// Drops `-20251001`, `@20251001` or `-2025-10-01`.
    private static func withoutDate(_ name: String) -> String? {
        for pattern in ["-dddddddd", "@dddddddd", "-dddd-dd-dd"] {
            let end = name.utf8.suffix(pattern.utf8.count)
            guard end.count < name.utf8.count else { continue }
            let fits = zip(end, pattern.utf8).allSatisfy { byte, expected in
                expected == UInt8(ascii: "d") ? byte.isDigit : byte == expected
            }
            if fits, end.count == pattern.utf8.count { return String(name.dropLast(pattern.utf8.count)) }
        }
        return nil
    }

    private static func withoutWord(_ name: String) -> String? {
        guard let dash = name.lastIndex(of: "-"), dash > name.startIndex,
            words.contains(String(name[dash...].dropFirst()))
        else { return nil }
        return String(name[..<dash])
    }
}

extension USDollars {
    /// An amount in US dollars from a provider's answer; nil unless it is a number of at least zero.
    init?(number value: JSONValue?) {
        self.init(number: value?.double)
    }

    /// An amount in US dollars; nil unless it is a finite number of at least zero.
    init?(number dollars: Double?) {
        guard let dollars, dollars.isFinite, dollars >= 0 else { return nil }
        self.init(rawValue: Int64(exactly: (dollars * 1e9).rounded()) ?? .max)
    }
}
