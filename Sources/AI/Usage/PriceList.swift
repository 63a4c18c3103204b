public import Base
public import Core

/// What models cost, and have cost.
public struct PriceList: Sendable {
    private let prices: [ModelPrice]

    /// Makes a list; of two prices of a model, what began later holds, and what stands first if they began together.
    public init(_ prices: [ModelPrice]) {
        self.prices = prices
    }

    /// The same list, but for models that `others` names, whose prices in this list are forgotten.
    public func replacing(with others: [ModelPrice]) -> PriceList {
        let replaced = Set(others.map(\.model))
        return PriceList(others + prices.filter { !replaced.contains($0.model) })
    }

    /// What a call cost; nil for a model that has no price, which is not the same as nothing.
    ///
    /// - Parameters:
    ///   - usage: The tokens of the call.
    ///   - model: The model as the provider names it.
    ///   - time: When the call was made; prices that began later do not count.
    /// - Returns: The cost.
    public func cost(of usage: TokenUsage, model: String, at time: Timestamp) -> USDollars? {
        price(of: model, at: time)?.cost(of: usage)
    }

    /// The most that a request can be expected to cost, before it is sent; nil for a model that has no price.
    ///
    /// Three bytes a token is less than any language needs, and nobody answers with more tokens than allowed.
    public func estimate(of request: CompletionRequest, model: String, at time: Timestamp) -> USDollars? {
        guard let price = price(of: model, at: time) else { return nil }
        let tokens = request.estimatedPromptTokens
        let rates = price.rates(forPrompt: tokens)
        return USDollars(tokens, rates.dearestInput) + USDollars(max(request.maxTokens, 0), rates.output)
    }

    /// The price of a model at some time.
    ///
    /// A name is looked for as it is, then without its date, then without a word such as `latest`.
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

extension CompletionRequest {
    /// More tokens than the prompt has, a few for each message's frame among them.
    fileprivate var estimatedPromptTokens: Int {
        (byteCount + 2) / 3 + 16 * (messages.count + 1)
    }
}

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

/// The names that a model's price may be listed under.
enum ModelName {
    /// Words behind a name that do not make another model of it.
    private static let words: Set<String> = ["latest", "preview", "default"]

    /// The name itself first, then without what may stand at its end: each a prefix of the one before.
    ///
    /// Whatever else follows a name, such as `-pro`, makes another model of it, whose price nobody can guess.
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
    /// An amount in US dollars, as a provider says it; nil for anything but a number that is not negative.
    init?(number value: JSONValue?) {
        guard let dollars = value?.double, dollars >= 0 else { return nil }
        self.init(rawValue: Int64(exactly: (dollars * 1e9).rounded()) ?? .max)
    }
}
