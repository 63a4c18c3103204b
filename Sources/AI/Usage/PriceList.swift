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
