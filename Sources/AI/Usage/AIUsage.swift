public import Base
public import Core
public import Postgres
import Teams

/// The AI usage of one team on one day with one model of one provider.
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
        var tokens = TokenUsage(
            input: try row["input_tokens"],
            output: try row["output_tokens"],
            cacheRead: try row["cache_read_tokens"],
            cacheWrite5m: try row["cache_write_5m_tokens"],
            cacheWrite1h: try row["cache_write_1h_tokens"],
            reasoning: try row["reasoning_tokens"]
        )
        tokens.isEstimated = try row["estimated"] as Int > 0
        self.tokens = tokens
        cost = try row["cost_nano_usd"]
        providerCost = try row["provider_cost_nano_usd"]
    }

    public static let fields: [OutputField<DailyUsage>] = [
        OutputField("day", "The day, in UTC.") { $0.day },
        OutputField("provider", "The provider, by the name of its circuit breaker.") { $0.provider },
        OutputField("model", "The model that answered, or the requested one.") { $0.model },
        OutputField("attempts", "Requests to the provider, failed ones included.") { $0.attempts },
        OutputField("succeeded", "Requests with an answer.") { $0.succeeded },
        OutputField("failed", "Requests without an answer.") { $0.failed },
        OutputField("unpriced", "Attempts whose model has no known price.") { $0.unpriced },
        OutputField("tokens", "The tokens of each kind; estimated is true if some are an estimate.") { $0.tokens },
        OutputField("costUsd", "The cost by our prices; unpriced attempts are left out.") { $0.cost },
        OutputField("providerCostUsd", "The cost that the provider reported; null if it reported none.") {
            $0.providerCost
        },
    ]
}

extension DailyUsage {
    /// The filter of a usage list.
    public struct Request: InputObject {
        let team: ID<Team>
        let since: Day?
        let until: Day?
        let provider: UsageName?
        let model: UsageName?
        let limit: PageLimit
        let cursor: Cursor?

        public static let schema = Schema(
            Field("teamId", ID<Team>.self, "The team, also one that was deleted."),
            .optional("since", Day.self, "Only this day, in UTC, and later ones."),
            .optional("until", Day.self, "Only days before this one."),
            .optional("provider", UsageName.self, "Only this provider."),
            .optional("model", UsageName.self, "Only this model."),
            .optional("limit", PageLimit.self, default: .standard, "The most items to return."),
            .optional("cursor", Cursor.self, "The nextCursor of the previous page; omit it for the first page."),
            into: { team, since, until, provider, model, limit, cursor throws(Violations) in
                if let since, let until, until <= since {
                    throw Violations(.outOfRange, "since must be before until")
                }
                return Request(
                    team: team,
                    since: since,
                    until: until,
                    provider: provider,
                    model: model,
                    limit: limit,
                    cursor: cursor
                )
            }
        )

        // The model comes last because it may contain any character. The provider is preceded by its length.
        fileprivate var binding: String {
            let provider = self.provider?.rawValue ?? ""
            return "\(team)/\(since?.description ?? "")/\(until?.description ?? "")/\(provider.utf8.count)/\(provider)/"
                + (model?.rawValue ?? "")
        }
    }

    private static var listing: Action {
        Action("ai_usage.list", needs: .read, refusal: "Insufficient permissions to see usage")
    }

    /// Lists a team's AI usage by day, provider and model, newest day first.
    ///
    /// The row of the current day can change between two pages.
    ///
    /// - Throws: A `Denial`, or 422 `invalid_cursor` if the cursor belongs to another list, team or filter.
    public static func list(_ request: Request, in context: inout Context) throws -> Page<DailyUsage> {
        let team = request.team
        let user = try context.user(attempting: listing, on: team)
        let list = try Listing<Position>(
            "aiUsage",
            binding: request.binding,
            limit: request.limit,
            cursor: request.cursor
        )
        let after = list.after
        let (since, until) = (request.since?.description, request.until?.description)
        let rows = try context.read(
            """
            WITH caller AS MATERIALIZED (
                SELECT m.role, 'read' = ANY (nofx.permissions(m.role, m.permissions)) AS allowed
                FROM nofx.team_members m WHERE m.team_id = \(team) AND m.user_id = \(user)
            ), page AS (
                SELECT d.*, (d.day - '1970-01-01'::date)::bigint AS day_number FROM nofx.ai_usage_daily d
                WHERE d.team_id = \(team) AND (SELECT allowed FROM caller)
                  AND (\(since) IS NULL OR d.day >= \(since)::date)
                  AND (\(until) IS NULL OR d.day < \(until)::date)
                  AND (\(request.provider?.rawValue) IS NULL OR d.provider = \(request.provider?.rawValue))
                  AND (\(request.model?.rawValue) IS NULL OR d.model = \(request.model?.rawValue))
                  AND (\(after == nil) OR d.day <= \(after?.day.description)::date
                       AND (d.day < \(after?.day.description)::date
                            OR (d.provider, d.model) > (\(after?.provider), \(after?.model))))
                ORDER BY d.day DESC, d.provider, d.model
                LIMIT \(list.rowLimit)
            )
            SELECT page.*, page.day IS NOT NULL AS is_item, caller.allowed, caller.role AS caller_role
            FROM caller LEFT JOIN page ON true ORDER BY page.day DESC, page.provider, page.model
            """
        )
        return try list.page(rows, of: listing, in: team) {
            Position(day: $0.day, provider: $0.provider, model: $0.model)
        }
    }

    private struct Position: ListPosition {
        static var keyCount: Int { 3 }

        let day: Day
        let provider: String
        let model: String

        init(day: Day, provider: String, model: String) {
            (self.day, self.provider, self.model) = (day, provider, model)
        }

        init(cursorKeys keys: [String]) throws(Problem) {
            guard let day = Day(keys[0]) else { throw Cursor.refused }
            self.init(day: day, provider: keys[1], model: keys[2])
        }

        var cursorKeys: [String] { [day.description, provider, model] }
    }
}

/// The name of a provider or a model, used as a filter.
struct UsageName: InputValue {
    private static let text = TextRule(1...100)

    let rawValue: String

    static var rule: String { text.description }
    static var form: ValueForm { text.form }

    init(input: JSONValue) throws(Violations) {
        rawValue = try Self.text.read(input)
    }
}
