import Base

/// How the known prices are written, in thousandths of a US dollar per million tokens.
extension PriceList {
    static func row(
        _ model: String,
        of provider: String? = nil,
        from day: String? = nil,
        _ input: Int64,
        _ output: Int64,
        _ cacheRead: Int64? = nil,
        _ cacheWrite5m: Int64? = nil,
        _ cacheWrite1h: Int64? = nil,
        long longPrompt: ModelPrice.LongPrompt? = nil
    ) -> ModelPrice {
        ModelPrice(
            model,
            of: provider,
            from: day.flatMap { Timestamp("\($0)T00:00:00Z") },
            ModelPrice.Rates(
                input: input,
                output: output,
                cacheRead: cacheRead,
                cacheWrite5m: cacheWrite5m,
                cacheWrite1h: cacheWrite1h
            ),
            longPrompt: longPrompt
        )
    }

    static func long(
        _ threshold: Int,
        _ input: Int64,
        _ output: Int64,
        _ cacheRead: Int64? = nil,
        _ cacheWrite5m: Int64? = nil,
        _ cacheWrite1h: Int64? = nil
    ) -> ModelPrice.LongPrompt {
        ModelPrice.LongPrompt(
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
