import Base

extension PriceList {
    /// The providers' published prices, as of November 2026.
    ///
    /// Numbers are thousandths of a US dollar per million tokens. OpenAI has one price for cache writes.
    public static let known = PriceList(anthropic + openAI)

    // swift-format-ignore
    private static var anthropic: [ModelPrice] {
        [
            //                      input  output read  5 min   1 hour
            row("claude-fable-5-1", 10_000, 50_000, 250, 12_500, 20_000),
            row("claude-opus-5-5",   4_000, 20_000, 200,  5_000,  8_000),
            row("claude-opus-5",     5_000, 25_000, 500,  6_250, 10_000),
            row("claude-opus-4-8",   5_000, 25_000, 500,  6_250, 10_000),
            row("claude-opus-4-7",   5_000, 25_000, 500,  6_250, 10_000),
            row("claude-opus-4-6",   5_000, 25_000, 500,  6_250, 10_000),
            row("claude-opus-4-5",   5_000, 25_000, 500,  6_250, 10_000),
            row("claude-sonnet-5-5", 2_000, 10_000, 200,  2_500,  4_000),
            row("claude-sonnet-5-5", 2_000, 10_000, 100,  2_500,  4_000, from: "2026-10-07"),
            row("claude-sonnet-5",   2_000, 10_000, 200,  2_500,  4_000),
            row("claude-sonnet-4-6", 3_000, 15_000, 300,  3_750,  6_000),
            row("claude-sonnet-4-5", 3_000, 15_000, 300,  3_750,  6_000),
            row("claude-haiku-5-5",    100,    500,  10,    125,    200, longPrompt: LongPrompt(
                above: 100_000,        500,  2_500,  50,    625,  1_000)),
            row("claude-haiku-4-5",  1_000,  5_000, 100,  1_250,  2_000),
        ]
    }

    // swift-format-ignore
    private static var openAI: [ModelPrice] {
        [
            //                    input  output   read   write, and beyond a threshold
            row("gpt-6.1-sol",    2_000, 10_000,   100,  2_500, longPrompt: above272k( 4_000, 15_000,   200,  5_000)),
            row("gpt-6.1-terra",  1_000,  5_000,    50,  1_250, longPrompt: above272k( 2_000,  7_500,   100,  2_500)),
            row("gpt-6-astra",   10_000, 50_000, 1_000, 12_500, longPrompt: above272k(20_000, 75_000, 2_000, 25_000)),
            row("gpt-6-sol",      2_000, 10_000,   200,  2_500, longPrompt: above272k( 4_000, 15_000,   400,  5_000)),
            row("gpt-6-luna",       100,    500,    10,    125, longPrompt: above272k(   200,    750,    20,    250)),
            row("gpt-5.6-sol",    4_000, 20_000,   400,  5_000, longPrompt: above272k( 8_000, 30_000,   800, 10_000)),
            row("gpt-5.6-terra",  2_000, 12_000,   200,  2_500, longPrompt: above272k( 4_000, 18_000,   400,  5_000)),
            row("gpt-5.6-luna",     200,  1_200,    20,    250, longPrompt: above272k(   400,  1_800,    40,    500)),
            row("gpt-5.4",        2_500, 15_000,   250,  2_500, longPrompt: above272k( 5_000, 22_500,   500,  5_000)),
            row("gpt-5.4-mini",     750,  4_500,    75),
            row("gpt-5.4-nano",     200,  1_250,    20),
            row("gpt-4.1",        2_000,  8_000,   500),
            row("gpt-4o",         2_500, 10_000, 1_250),
            row("gpt-4o-2024-05-13", 5_000, 15_000, 5_000),
            row("gpt-4o-mini",      150,    600,    75),
        ]
    }
}

extension PriceList {
    private typealias LongPrompt = ModelPrice.LongPrompt

    private static func above272k(
        _ input: Int64,
        _ output: Int64,
        _ cacheRead: Int64,
        _ cacheWrite: Int64
    ) -> LongPrompt {
        LongPrompt(above: 272_000, input, output, cacheRead, cacheWrite)
    }

    private static func row(
        _ model: String,
        _ input: Int64,
        _ output: Int64,
        _ cacheRead: Int64,
        _ cacheWrite5m: Int64? = nil,
        _ cacheWrite1h: Int64? = nil,
        from day: String? = nil,
        longPrompt: ModelPrice.LongPrompt? = nil
    ) -> ModelPrice {
        let rates = ModelPrice.Rates(
            input: input,
            output: output,
            cacheRead: cacheRead,
            cacheWrite5m: cacheWrite5m,
            cacheWrite1h: cacheWrite1h
        )
        return ModelPrice(
            model,
            from: day.flatMap { Timestamp("\($0)T00:00:00Z") },
            rates,
            longPrompt: longPrompt
        )
    }
}

extension ModelPrice.LongPrompt {
    fileprivate init(
        above threshold: Int,
        _ input: Int64,
        _ output: Int64,
        _ cacheRead: Int64,
        _ cacheWrite5m: Int64,
        _ cacheWrite1h: Int64? = nil
    ) {
        self.init(
            above: threshold,
            ModelPrice.Rates(
                input: input,
                output: output,
                cacheRead: cacheRead,
                cacheWrite5m: cacheWrite5m,
                cacheWrite1h: cacheWrite1h
            )
        )
    }
}
