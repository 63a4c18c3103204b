public import Base
public import Core
import Postgres
import Teams

extension Webhook {
    /// Which part of the list is wanted.
    public struct Request: InputObject {
        let team: ID<Team>
        let limit: PageLimit
        let cursor: Cursor?

        public static let schema = Schema(
            Field("teamId", ID<Team>.self, "The team."),
            .optional("limit", PageLimit.self, default: .standard, "How many webhooks to answer."),
            .optional("cursor", Cursor.self, "The nextCursor of the page before; the first page by default."),
            into: Request.init
        )
    }

    private static var listing: Action {
        Action("webhook.list", needs: .read, refusal: "Insufficient permissions to list webhooks")
    }

    /// The webhooks of a team, the newest first.
    ///
    /// The path of a URL is often the secret that its receiver goes by, so it is shown only to those who manage the team,
    /// and to none of their API keys without the scope.
    ///
    /// - Throws: A `Denial`, or 422 `invalid_cursor` for a cursor of another list or team.
    public static func list(_ request: Request, in context: inout Context) throws -> Page<Webhook> {
        let team = request.team
        let user = try context.user(attempting: listing, on: team)
        let hasScope = context.caller?.scopes?.contains(.admin) ?? true
        let list = try Listing<KeysetPosition<ID<Webhook>>>(
            "listWebhooks",
            binding: team.description,
            limit: request.limit,
            cursor: request.cursor
        )
        let rows = try context.read(
            """
            WITH caller AS MATERIALIZED (
                SELECT m.role, 'read' = ANY (nofx.permissions(m.role, m.permissions)) AS allowed,
                       nofx.can_manage(m.role, m.permissions) AND \(hasScope) AS sees_urls
                FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id
                WHERE t.id = \(team) AND t.deleted_at IS NULL AND m.user_id = \(user)
            ), page AS (
                SELECT w.id, CASE WHEN caller.sees_urls THEN w.url
                                  ELSE coalesce(substring(w.url FROM '^https?://[^/?]*'), '') END AS url,
                       w.events, w.created_by, w.created_at, w.failing_since, w.last_error, w.disabled_at
                FROM caller JOIN nofx.webhooks w ON w.team_id = \(team) AND caller.allowed
                WHERE \(fragment: list.isBelow("w.created_at, w.id"))
                ORDER BY w.created_at DESC, w.id DESC
                LIMIT \(list.rowLimit)
            )
            SELECT page.*, page.id IS NOT NULL AS is_item, caller.allowed, caller.role AS caller_role
            FROM caller LEFT JOIN page ON true
            ORDER BY page.created_at DESC, page.id DESC
            """
        )
        return try list.page(rows, of: listing, in: team) { KeysetPosition($0.createdAt, $0.id) }
    }
}
