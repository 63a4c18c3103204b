public import Base
import Core
public import Postgres

/// What a team's AI calls used in one day, of one provider's model.
public struct DailyUsage: OutputObject, RowDecodable {
    let day: Day
    let provider: String
    let model: String
    let attempts: Int
    let succeeded: Int
    let failed: Int
    let unpriced: Int
    let tokens: TokenUsage
    let cost: USDollars
    let providerCost: USDollars?

    public init(row: borrowing Row) throws(PostgresError) {
        day = Day(daysSince1970: try row["day_number"])
        provider = try row["provider"]
        model = try row["model"]
        attempts = try row["attempts"]
        succeeded = try row["succeeded"]
        failed = try row["failed"]
        unpriced = try row["unpriced"]
        tokens = TokenUsage(
            input: try row["input_tokens"],
            output: try row["output_tokens"],
            cacheRead: try row["cache_read_tokens"],
            cacheWrite5m: try row["cache_write_5m_tokens"],
            cacheWrite1h: try row["cache_write_1h_tokens"],
            reasoning: try row["reasoning_tokens"]
        )
        cost = try row["cost_nano_usd"]
        providerCost = try row["provider_cost_nano_usd"]
    }

    public static let fields: [OutputField<DailyUsage>] = [
        OutputField("day", "The day, in UTC.") { $0.day },
        OutputField("provider", "The provider, as its circuit breaker is called.") { $0.provider },
        OutputField("model", "The model that answered, or else was asked.") { $0.model },
        OutputField("attempts", "Requests that were made, failed ones too.") { $0.attempts },
        OutputField("succeeded", "Those that brought an answer.") { $0.succeeded },
        OutputField("failed", "Those that did not.") { $0.failed },
        OutputField("unpriced", "Those that cost something that nobody has a price for.") { $0.unpriced },
        OutputField("tokens", "The tokens of each kind.") { $0.tokens },
        OutputField("costUsd", "What our prices make of it, without what has none.") { $0.cost },
        OutputField("providerCostUsd", "What the provider says; null if it does not.") { $0.providerCost },
    ]
}
