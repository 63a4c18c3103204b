public import Base
public import System

extension PriceList {
    /// The known prices, with those of the operator.
    ///
    /// `NOFX_AI_PRICES` is a JSON text or the path of a file, with prices in US dollars per million tokens:
    ///
    /// ```json
    /// [{"model": "llama-4", "from": "2026-01-31", "input": 0.5, "output": 1.25, "cacheRead": 0.05,
    ///   "longPrompt": {"above": 200000, "input": 1, "output": 2.5}}]
    /// ```
    ///
    /// An array is added to the known prices: a model that it names has only the prices of the array. An object such as
    /// `{"date": "2026-11-30", "prices": [...]}`, the form of `docs/prices.json`, takes the place of the known prices.
    ///
    /// - Throws: `ConfigurationError`, which names the invalid field.
    public init(_ environment: Environment) throws(ConfigurationError) {
        guard let document = try ConfigurationText.read("NOFX_AI_PRICES", from: environment) else {
            self = .known
            return
        }
        do throws(Violations) {
            if document.root.kind == .object, document.root["prices"] != nil {
                self = PriceList(try PriceFile(input: document.root).prices)
            } else {
                self = PriceList.known.replacing(with: try ListRule(0...1_000).read(document.root))
            }
        } catch {
            throw ConfigurationError("NOFX_AI_PRICES", error)
        }
    }
}

/// A whole price list with its date.
private struct PriceFile: InputObject {
    let prices: [ModelPrice]

    static let schema = Schema(
        Field("date", PriceDay.self, "The day on which the prices were collected."),
        Field("prices", [ModelPrice].self, "The prices."),
        into: { _, prices in PriceFile(prices: prices) }
    )
}

extension ModelPrice: InputObject {
    public static var schema: Schema<ModelPrice> {
        Schema(
            Field("model", String.self, "The model's name, without a date; `*` stands for any characters."),
            .optional("provider", String.self, "The provider or preset whose price it is; by default all."),
            .optional("from", PriceDay.self, "The day on which the price began, in UTC; none if it was always so."),
            Field("input", PricePerMillion.self, "What tokens of the prompt cost."),
            Field("output", PricePerMillion.self, "What tokens of the answer cost."),
            .optional("cacheRead", PricePerMillion.self, "What tokens from a cache cost; by default as others."),
            .optional("cacheWrite5m", PricePerMillion.self, "What tokens put into a cache cost; by default as others."),
            .optional("cacheWrite1h", PricePerMillion.self, "The same for an hour; by default as for five minutes."),
            .optional("longPrompt", LongPrompt.self, "What all tokens cost when the prompt is long."),
            .text("source", TextRule(1...500), "Where the price is published.")
        ) { model, provider, start, input, output, read, write5m, write1h, longPrompt, _ in
            ModelPrice(
                model.lowercasedASCII,
                of: provider,
                from: start?.time,
                Rates(input, output, read, write5m, write1h),
                longPrompt: longPrompt
            )
        }
    }
}

extension ModelPrice.LongPrompt: InputObject {
    public static var schema: Schema<ModelPrice.LongPrompt> {
        Schema(
            Field("above", Int.self, "The longest prompt that is not long, in tokens."),
            Field("input", PricePerMillion.self, "What tokens of the prompt cost."),
            Field("output", PricePerMillion.self, "What tokens of the answer cost."),
            .optional("cacheRead", PricePerMillion.self, "What tokens from a cache cost; by default as others."),
            .optional("cacheWrite5m", PricePerMillion.self, "What tokens put into a cache cost; by default as others."),
            .optional("cacheWrite1h", PricePerMillion.self, "The same for an hour; by default as for five minutes.")
        ) { threshold, input, output, read, write5m, write1h in
            ModelPrice.LongPrompt(above: threshold, ModelPrice.Rates(input, output, read, write5m, write1h))
        }
    }
}

extension ModelPrice.Rates {
    fileprivate init(
        _ input: PricePerMillion,
        _ output: PricePerMillion,
        _ cacheRead: PricePerMillion?,
        _ cacheWrite5m: PricePerMillion?,
        _ cacheWrite1h: PricePerMillion?
    ) {
        self.init(
            input: input.nanoUSD,
            output: output.nanoUSD,
            cacheRead: cacheRead?.nanoUSD,
            cacheWrite5m: cacheWrite5m?.nanoUSD,
            cacheWrite1h: cacheWrite1h?.nanoUSD
        )
    }
}

/// A price as operators write it, in US dollars per million tokens.
private struct PricePerMillion: InputValue {
    static var rule: String { "number, 0 to 1000000, at most three decimals" }
    static var form: ValueForm { .number(0...1_000_000) }

    /// The price of one token, in billionths of a US dollar.
    let nanoUSD: Int64

    init(input: JSONValue) throws(Violations) {
        guard let dollars = input.double else { throw Violations(.invalidType, "must be a number") }
        let thousandths = (dollars * 1_000).rounded()
        guard (0...1_000_000).contains(dollars), (dollars * 1_000 - thousandths).magnitude < 1e-6 else {
            throw Violations(.outOfRange, "must be from 0 to 1000000 and have at most three decimals")
        }
        nanoUSD = Int64(thousandths)
    }
}

/// The first day of a price.
private struct PriceDay: InputValue {
    static var rule: String { "date" }
    static var form: ValueForm { .format("date") }

    let time: Timestamp

    init(input: JSONValue) throws(Violations) {
        guard let time = Timestamp("\(try String(input: input))T00:00:00Z") else {
            throw Violations(.invalidFormat, "must be a date, as in 2026-01-31")
        }
        self.time = time
    }
}
