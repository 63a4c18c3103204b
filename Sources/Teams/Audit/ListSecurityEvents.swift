public import Base
public import Core
public import Postgres

/// Refused attempts of a user on a team, counted per minute.
public struct SecurityEvent: OutputObject, RowDecodable {
    let at: Timestamp
    let user: String
    let action: String
    let reason: String
    let hits: Int
    let firstAt: Timestamp
    let lastAt: Timestamp
    let credential: String?
    let ip: String?
    let requestID: String?

    public init(row: borrowing Row) throws(PostgresError) {
        at = try row["bucket"]
        user = try row["user_id"]
        action = try row["action"]
        reason = try row["reason"]
        hits = try row["hits"]
        firstAt = try row["first_at"]
        lastAt = try row["last_at"]
        credential = try row["credential"]
        ip = try row["ip"]
        requestID = try row["request_id"]
    }

    public static let fields: [OutputField<SecurityEvent>] = [
        OutputField("at", "The minute, by its first moment.") { $0.at },
        OutputField("userId", "The user who made the attempts; null if the caller was not authenticated.") {
            $0.user.isEmpty ? nil : $0.user
        },
        OutputField("action", "The attempted action, such as team.update.") { $0.action },
        OutputField("reason", "The reason for the refusal.") { $0.reason },
        OutputField("hits", "The number of attempts in the minute.") { $0.hits },
        OutputField("firstAt", "When the first attempt was made.") { $0.firstAt },
        OutputField("lastAt", "When the last attempt was made.") { $0.lastAt },
        OutputField("credential", "The credential of the first attempt: session, or key: and the id of an API key.") {
            $0.credential
        },
        OutputField("ip", "The address of the last attempt, as the platform reported it.") { $0.ip },
        OutputField("requestId", "The id of the last attempt, as in its response and in the logs.") { $0.requestID },
    ]
}

extension SecurityEvent {
    /// The input of listSecurityEvents.
    public struct Request: InputObject {
        let team: ID<Team>
        let period: Period
        let limit: PageLimit
        let cursor: Cursor?

        public static let schema = Schema(
            Field("teamId", ID<Team>.self, "The team; it may be deleted."),
            .optional("since", Timestamp.self, "Only minutes that begin at this time or later."),
            .optional("until", Timestamp.self, "Only minutes that begin before this time."),
            .limit(of: "events"),
            .cursor,
            into: { team, since, until, limit, cursor throws(Violations) in
                let period = try Period(since: since, until: until)
                return Request(team: team, period: period, limit: limit, cursor: cursor)
            }
        )

        fileprivate var binding: String { "\(team)/\(period.binding)" }
    }

    private static var listing: Action {
        Action("security_event.list", needs: .admin, refusal: "Insufficient permissions to list security events")
    }

    /// Lists the refused attempts on a team, newest first.
    ///
    /// Callers who manage the team's members may read them, also after the team was deleted.
    ///
    /// - Throws: A `Denial`, or 422 `invalid_cursor` for a cursor of another list, team or period.
    public static func list(_ request: Request, in context: inout Context) throws -> Page<SecurityEvent> {
        let (team, period) = (request.team, request.period)
        let user = try context.user(attempting: listing, on: team)
        let list = try Listing<Position>(
            "listSecurityEvents",
            binding: request.binding,
            limit: request.limit,
            cursor: request.cursor
        )
        let after = list.after
        let order: Query = "page.bucket DESC, page.user_id, page.action, page.reason"
        let rows = try context.read(
            """
            WITH actor AS MATERIALIZED (
                SELECT m.role, nofx.can_manage(m.role, m.permissions) AS allowed
                FROM nofx.team_members m WHERE m.team_id = \(team) AND m.user_id = \(user)
            ), page AS (
                SELECT e.* FROM nofx.security_events e
                WHERE e.team_id = \(team.description) AND (SELECT allowed FROM actor)
                  AND (\(period.since) IS NULL OR e.bucket >= \(period.since))
                  AND (\(period.until) IS NULL OR e.bucket < \(period.until))
                  AND (\(after == nil) OR e.bucket <= \(after?.at)
                       AND (e.bucket < \(after?.at)
                            OR (e.user_id, e.action, e.reason) > (\(after?.user), \(after?.action), \(after?.reason))))
                ORDER BY e.bucket DESC, e.user_id, e.action, e.reason
                LIMIT \(list.rowLimit)
            )
            \(fragment: list.select("page.bucket", by: order, allowed: "actor.allowed"))
            """
        )
        return try list.page(rows, of: listing, in: team, at: Position.init)
    }

    private struct Position: ListPosition {
        static let keyCount = 4

        let at: Timestamp
        let user: String
        let action: String
        let reason: String

        init(_ event: SecurityEvent) {
            (at, user, action, reason) = (event.at, event.user, event.action, event.reason)
        }

        init(cursorKeys keys: [String]) throws(Problem) {
            at = try Timestamp(cursorKey: keys[0])
            (user, action, reason) = (keys[1], keys[2], keys[3])
        }

        var cursorKeys: [String] { [at.cursorKey, user, action, reason] }
    }
}
