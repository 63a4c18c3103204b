public import Base
public import Core
import Postgres

extension IssuedKey {
    /// Names an API key.
    public struct Reference: InputObject {
        /// The key.
        public let key: KeyID

        public static let schema = Schema(
            Field("keyId", KeyID.self, "The key: its id, which is also the third part of the key's text."),
            into: Reference.init
        )
    }

    private static var revoking: Action {
        Action("key.revoke", needs: .admin, refusal: "Insufficient permissions to revoke API keys")
    }

    /// Revokes one of the caller's API keys.
    ///
    /// Revoking a key again changes nothing and returns the same answer, with the time of the first call.
    ///
    /// - Throws: A `Denial` for a key without the scope `admin`; 404 `key_not_found` for a key that is not the caller's.
    public static func revoke(_ id: KeyID, in context: inout Context) throws -> IssuedKey {
        let user = try context.user(attempting: revoking)
        let entry = context.auditEntry(
            "key.revoked",
            of: "key.team_id",
            named: "t.name",
            on: "api_key",
            "key.id",
            metadata: "json_build_object('name', key.name)",
            if: "held.revoked_at IS NULL AND key.team_id IS NOT NULL"
        )
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
            SELECT key.*, \(fragment: entry.columns)
            FROM held CROSS JOIN key LEFT JOIN nofx.teams t ON t.id = key.team_id
            """
        )
        guard let row = rows.first else { throw Problem.keyNotFound }
        try context.reportIfLost(entry, row)
        return try IssuedKey(row: row)
    }
}
