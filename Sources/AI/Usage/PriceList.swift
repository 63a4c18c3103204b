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
        let replaced = Set(others.map(\.key))
        return PriceList(others + prices.filter { !replaced.contains($0.key) })
    }

    /// The cost of a call; nil if the model has no price, which is different from a cost of zero.
    ///
    /// - Parameters:
    ///   - usage: The tokens of the call.
    ///   - model: The model as the provider names it.
    ///   - provider: The provider, whose own prices come first; nil if it is not known.
    ///   - time: The time of the call. Prices that began later do not apply.
    /// - Returns: The cost.
    public func cost(
        of usage: TokenUsage,
        model: String,
        from provider: Provider? = nil,
        at time: Timestamp
    ) -> USDollars? {
        price(of: model, from: provider, at: time)?.cost(of: usage)
    }

    /// An upper estimate of a request's cost before it is sent; nil if the model has no price.
    ///
    /// It assumes three bytes per token, fewer than any language needs, and an answer of the maximum length.
    public func estimate(
        of request: CompletionRequest,
        model: String,
        from provider: Provider? = nil,
        at time: Timestamp
    ) -> USDollars? {
        price(of: model, from: provider, at: time)?.most(for: request.mostTokens)
    }

    /// An upper estimate of the cost of a request to a model without a price: at the dearest price of the list.
    func dearestEstimate(of request: CompletionRequest) -> USDollars {
        prices.map { $0.most(for: request.mostTokens) }.max() ?? .zero
    }

    /// The price of a model at some time.
    ///
    /// The provider's own prices come first. Then it looks up the names of ``ModelName``, the full name first, each in
    /// the prices of the provider before those of all providers. Patterns come last.
    func price(of model: String, from provider: Provider?, at time: Timestamp) -> ModelPrice? {
        let names = ModelName.candidates(of: model)
        let scopes = [provider?.name, provider?.preset].compactMap(\.self)
        let own = (provider?.prices ?? []).map(\.ofAnyProvider)
        return Self.find(names, of: [], in: own, at: time) ?? Self.find(names, of: scopes, in: prices, at: time)
    }

    private static func find(
        _ names: [ModelName],
        of scopes: [String],
        in prices: [ModelPrice],
        at time: Timestamp
    ) -> ModelPrice? {
        func newest(where fits: (ModelPrice) -> Bool) -> ModelPrice? {
            prices.filter { fits($0) && $0.hasBegun(at: time) }.max(by: ModelPrice.beganEarlier)
        }
        for name in names {
            for scope in (scopes + name.scopes).map(Optional.some) + [nil] {
                if let price = newest(where: { $0.provider == scope && $0.model == name.text }) { return price }
            }
        }
        for name in names {
            for scope in (scopes + name.scopes).map(Optional.some) + [nil] {
                if let price = newest(where: { $0.provider == scope && $0.isPattern(of: name.text) }) { return price }
            }
        }
        return nil
    }
}

extension ModelPrice {
    /// The same price without a scope.
    fileprivate var ofAnyProvider: ModelPrice { ModelPrice(model, from: start, rates, longPrompt: longPrompt) }

    /// What a price replaces: all prices of the same model of the same provider.
    fileprivate var key: [String?] { [provider, model] }

    fileprivate func isPattern(of name: String) -> Bool {
        model.utf8.contains(UInt8(ascii: "*")) && Wildcard.matches(model, name)
    }

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
    /// The model's name, without a date, or a pattern such as `*`.
    public let model: String

    /// The provider or the preset to which the price is limited; nil for a model that costs the same everywhere.
    public let provider: String?

    /// The time from which the price applies; nil if it always applied.
    public let start: Timestamp?

    /// The rates for a prompt up to the threshold of ``longPrompt``.
    public let rates: Rates

    /// The rates for all tokens of a call whose prompt is longer than a threshold.
    public let longPrompt: LongPrompt?

    /// Makes a price.
    public init(
        _ model: String,
        of provider: String? = nil,
        from start: Timestamp? = nil,
        _ rates: Rates,
        longPrompt: LongPrompt? = nil
    ) {
        self.model = model
        self.provider = provider
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
