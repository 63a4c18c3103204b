public import Base
public import Core
import Postgres
import Teams

extension DailyUsage {
    /// Which part of a team's usage is wanted.
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
            .optional("limit", PageLimit.self, default: .standard, "How many items to answer."),
            .optional("cursor", Cursor.self, "The nextCursor of the page before; the first page by default."),
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

        // The model comes last, for it may have any character in it; of the provider that is left to its length.
        fileprivate var binding: String {
            let provider = self.provider?.rawValue ?? ""
            return "\(team)/\(since?.description ?? "")/\(until?.description ?? "")/\(provider.utf8.count)/\(provider)/"
                + (model?.rawValue ?? "")
        }
    }

    private static var listing: Action {
        Action("ai_usage.list", needs: .read, refusal: "Insufficient permissions to see usage")
    }

    private static var endpoint: String { "aiUsage" }

    /// What a team's AI calls used, a day, provider and model at a time, the newest day first.
    ///
    /// A day that is not over yet changes while it is read.
    ///
    /// - Throws: A `Denial`, or 422 `invalid_cursor` for a cursor of another list, team or filter.
    public static func list(_ request: Request, in context: inout Context) throws -> Page<DailyUsage> {
        let (team, binding) = (request.team, request.binding)
        let user = try context.user(attempting: listing, on: team)
        let after = try request.cursor.map { try place($0, binding: binding) }
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
                  AND (\(after == nil) OR d.day <= \(after?.day)::date
                       AND (d.day < \(after?.day)::date
                            OR (d.provider, d.model) > (\(after?.provider), \(after?.model))))
                ORDER BY d.day DESC, d.provider, d.model
                LIMIT \(request.limit.count + 1)
            )
            SELECT page.*, page.day IS NOT NULL AS is_item, caller.allowed, caller.role AS caller_role
            FROM caller LEFT JOIN page ON true ORDER BY page.day DESC, page.provider, page.model
            """
        )
        return Page(try rows.items(of: listing, in: team), limit: request.limit) {
            Cursor(list: endpoint, binding: binding, keys: [$0.day.description, $0.provider, $0.model])
        }
    }

    private static func place(
        _ cursor: Cursor,
        binding: String
    ) throws(Problem) -> (day: String, provider: String, model: String) {
        let keys = try cursor.keys(of: endpoint, binding: binding, count: 3)
        guard let day = Day(keys[0]) else { throw Cursor.refused }
        return (day.description, keys[1], keys[2])
    }
}

/// The name of a provider or a model, to look for.
struct UsageName: InputValue {
    private static let text = TextRule(1...100)

    let rawValue: String

    static var rule: String { text.description }

    init(input: JSONValue) throws(Violations) {
        rawValue = try Self.text.read(input)
    }
}
