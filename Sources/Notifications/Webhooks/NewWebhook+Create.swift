public import Base
public import Core
import Postgres
import Teams

extension NewWebhook {
    /// What a new webhook is to be.
    public struct Draft: InputObject {
        let team: ID<Team>
        let url: WebhookURL
        let events: WebhookEvents

        public static let schema = Schema(
            Field("teamId", ID<Team>.self, "The team."),
            Field("url", WebhookURL.self, "Where messages are posted to."),
            .optional("events", WebhookEvents.self, default: .standard, "What it is told of."),
            into: Draft.init
        )
    }

    private static var creating: Action {
        Action("webhook.create", needs: .admin, refusal: "Insufficient permissions to make webhooks")
    }

    /// Makes a webhook of a team; what happens from then on is told to it.
    ///
    /// Its secret is derived from its id and told this once. For another secret make another webhook, have the receiver
    /// take both, and delete the old one.
    ///
    /// - Parameters:
    ///   - draft: What it is to be.
    ///   - policy: What the operator says about it.
    ///   - context: The call.
    /// - Returns: The webhook, with its secret.
    /// - Throws: `Violations` for a URL that is not secure, where that is not allowed; a `Denial`; 403 `quota_exceeded`.
    public static func create(
        _ draft: Draft,
        by policy: WebhookPolicy,
        in context: inout Context
    ) throws -> NewWebhook {
        guard draft.url.isSecure || policy.allowsPlainHTTP else {
            throw Violations(Violation(field: "url", .invalidFormat, "must begin with https://"))
        }
        let (team, url, events) = (draft.team, draft.url, draft.events.events)
        let user = try context.user(attempting: creating, on: team)
        let id = ID<Webhook>.make()
        let rows = try context.write(
            .lockTeam(team, for: user),
            """
            WITH actor AS MATERIALIZED (
                SELECT t.name, m.role, nofx.can_manage(m.role, m.permissions) AS can_manage,
                       (SELECT count(*) FROM nofx.webhooks w WHERE w.team_id = t.id) < \(WebhookPolicy.limit) AS has_room
                FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id
                WHERE t.id = \(team) AND t.deleted_at IS NULL AND m.user_id = \(user)
                FOR NO KEY UPDATE OF t FOR SHARE OF m
            ), webhook AS (
                INSERT INTO nofx.webhooks (team_id, id, url, events, created_by)
                SELECT \(team), \(id), \(url), \(events), \(user) FROM actor WHERE actor.can_manage AND actor.has_room
                RETURNING *
            )
            SELECT actor.role AS actor_role, actor.can_manage, actor.has_room, webhook.*,
                   CASE WHEN webhook.id IS NOT NULL THEN nofx.log_activity(
                       \(team), actor.name, \(user), 'webhook.created', 'webhook', webhook.id::text,
                       jsonb_build_object('webhookId', webhook.id, 'origin', \(url.origin)::text,
                                          'events', webhook.events),
                       \(context.record)
                   ) END AS activity
            FROM actor LEFT JOIN webhook ON true
            """
        )
        guard let row = rows.first else { throw Denial.notMember(creating, team: team) }
        guard try row["can_manage"] else { throw Denial.missing(creating, team: team, role: try row["actor_role"]) }
        guard try row["has_room"] else { throw Problem.quotaExceeded(.webhooks, WebhookPolicy.limit) }
        let metadata: KeyValuePairs<String, any JSONEncodable> = [
            "webhookId": id, "origin": url.origin, "events": events,
        ]
        try context.noteActivity(row, "webhook.created", team: team, metadata)
        return try NewWebhook(policy.key.secret(of: id), row: row)
    }
}
