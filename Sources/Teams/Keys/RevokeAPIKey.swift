public import Base
public import Core
import Postgres

extension IssuedKey {
    /// Names an API key.
    public struct Reference: InputObject {
        /// The key.
        public let key: KeyID

        public static let schema = Schema(
            Field("keyId", KeyID.self, "The key: its id, which is also the third part of its text."),
            into: Reference.init
        )
    }

    private static var revoking: Action {
        Action("key.revoke", needs: .admin, refusal: "Insufficient permissions to revoke API keys")
    }

    /// Ends one of the caller's API keys for good.
    ///
    /// Doing so again changes nothing and is answered the same: whoever is in a hurry wants to know that the key has
    /// ended, and since when.
    ///
    /// - Throws: A `Denial` for a key without the scope `admin`; 404 `key_not_found` for what is no key of the caller.
    public static func revoke(_ id: KeyID, in context: inout Context) throws -> IssuedKey {
        let user = try context.user(attempting: revoking)
        let rows = try context.write(
            """
            WITH held AS MATERIALIZED (
                SELECT k.id, k.revoked_at FROM nofx.api_keys k
                WHERE k.id = \(id) AND k.user_id = \(user)
                FOR NO KEY UPDATE
            ), key AS (
                UPDATE nofx.api_keys k SET revoked_at = coalesce(held.revoked_at, now())
                FROM held WHERE k.id = held.id
                RETURNING k.*
            )
            SELECT key.*, held.revoked_at IS NULL AND key.team_id IS NOT NULL AS changes_state,
                   CASE WHEN held.revoked_at IS NULL AND key.team_id IS NOT NULL THEN nofx.log_activity(
                       key.team_id, t.name, \(user), 'key.revoked', 'api_key', key.id,
                       jsonb_build_object('name', key.name), \(context.record)
                   ) END AS activity
            FROM held CROSS JOIN key LEFT JOIN nofx.teams t ON t.id = key.team_id
            """
        )
        guard let row = rows.first else { throw Problem.keyNotFound }
        let key = try IssuedKey(row: row, in: context.settings.keyEnvironment)
        if let team = key.team, try row["changes_state"] {
            try context.noteActivity(row, "key.revoked", team: team, ["name": key.name])
        }
        return key
    }
}

extension Problem {
    fileprivate static let keyNotFound = Problem(404, "key_not_found", "You have no such API key.")
}
