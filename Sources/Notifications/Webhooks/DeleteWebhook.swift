public import Base
public import Core
import Postgres
import Teams

extension Webhook {
    /// Names a webhook of a team.
    public struct Reference: InputObject {
        let team: ID<Team>
        let webhook: ID<Webhook>

        public static let schema = Schema(
            Field("teamId", ID<Team>.self, "The team."),
            Field("webhookId", ID<Webhook>.self, "The webhook, as listWebhooks calls it."),
            into: Reference.init
        )
    }

    private static var deleting: Action {
        Action("webhook.delete", needs: .admin, refusal: "Insufficient permissions to delete webhooks")
    }

    /// Deletes a webhook, and the messages that wait for it.
    ///
    /// One that is under way still arrives.
    ///
    /// - Returns: The webhook as it was.
    /// - Throws: A `Denial`; 404 `webhook_not_found`.
    public static func delete(_ reference: Reference, in context: inout Context) throws -> Webhook {
        let (team, id) = (reference.team, reference.webhook)
        let user = try context.user(attempting: deleting, on: team)
        let rows = try context.write(
            """
            WITH actor AS MATERIALIZED (
                SELECT t.name, m.role, nofx.can_manage(m.role, m.permissions) AS can_manage
                FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id
                WHERE t.id = \(team) AND t.deleted_at IS NULL AND m.user_id = \(user)
                FOR NO KEY UPDATE OF t FOR SHARE OF m
            ), deleted AS (
                DELETE FROM nofx.webhooks w USING actor
                WHERE w.team_id = \(team) AND w.id = \(id) AND actor.can_manage
                RETURNING w.*
            )
            SELECT actor.role AS actor_role, actor.can_manage, deleted.*,
                   CASE WHEN deleted.id IS NOT NULL THEN nofx.log_activity(
                       \(team), actor.name, \(user), 'webhook.deleted', 'webhook', deleted.id::text,
                       jsonb_build_object('webhookId', deleted.id), \(context.record)
                   ) END AS activity
            FROM actor LEFT JOIN deleted ON true
            """
        )
        guard let row = rows.first else { throw Denial.notMember(deleting, team: team) }
        guard try row["can_manage"] else { throw Denial.missing(deleting, team: team, role: try row["actor_role"]) }
        guard try row["id"] as ID<Webhook>? != nil else { throw Problem.webhookNotFound }
        try context.noteActivity(row, "webhook.deleted", team: team, ["webhookId": id])
        return try Webhook(row: row)
    }
}

extension Problem {
    fileprivate static let webhookNotFound = Problem(
        status: 404,
        code: "webhook_not_found",
        detail: "The team has no such webhook."
    )
}
