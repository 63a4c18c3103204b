public import Base
public import Core
import Postgres

extension NewKey {
    /// The input of createApiKey.
    public struct Draft: InputObject {
        let name: KeyName
        let scopes: KeyScopes
        let team: ID<Team>?
        let lifetime: KeyLifetime

        public static let schema = Schema(
            Field("name", KeyName.self, "The key's name, unique among your valid keys."),
            Field("scopes", KeyScopes.self, "The key's scopes; your own permissions limit them further."),
            .optional(
                "teamId",
                ID<Team>.self,
                "The only team that the key can be used for; all your teams by default."
            ),
            .optional(
                "expiresInDays",
                KeyLifetime.self,
                default: .standard,
                "The number of days until the key expires."
            ),
            into: { name, scopes, team, lifetime throws(Violations) in
                if team != nil, scopes.scopes.contains(.operations) {
                    let rule = "must not have admin:ops in a key for one team"
                    throw Violations(Violation(field: "scopes", .invalidFormat, rule))
                }
                return Draft(name: name, scopes: scopes, team: team, lifetime: lifetime)
            }
        )
    }

    private static var creating: Action {
        Action("key.create", needs: .admin, sessionOnly: true, refusal: "Insufficient permissions to create API keys")
    }

    private static var creatingForOperator: Action {
        Action("key.create", needs: .operations, refusal: "Only operators can create keys with the scope admin:ops")
    }

    /// Creates an API key for the caller, who must be a person.
    ///
    /// A key that could create keys would be hard to revoke.
    ///
    /// The user's row is locked first, so that the quota is exact. An expired key with the same name is revoked, so that
    /// the name is free. The user's permissions are not checked here but whenever the key is used. The scope `admin:ops`
    /// is different, because no table says who is an operator: the caller's token must say it here.
    ///
    /// - Throws: A `Denial` for a key, for a team that the caller is not a member of, and for `admin:ops` where the caller
    ///   is not an operator; 403 `quota_exceeded`, 409 `key_name_taken`.
    public static func create(_ draft: Draft, in context: inout Context) throws -> NewKey {
        let (action, quota) = (creating, context.quotas.keys)
        let user =
            if let team = draft.team {
                try context.user(attempting: action, on: team)
            } else {
                try context.user(attempting: action)
            }
        if draft.scopes.scopes.contains(.operations), context.caller?.mayOperate != true {
            throw Denial.outOfScope(
                creatingForOperator,
                team: nil,
                "Only an operator can create a key with the scope admin:ops."
            )
        }
        let key = APIKey.make(for: context.quotas.keyEnvironment)
        let (name, scopes) = (draft.name, draft.scopes.scopes)
        let entry = context.auditEntry(
            "key.created",
            of: "team.id",
            named: "team.name",
            on: "api_key",
            "key.id",
            metadata: "json_build_object('name', key.name, 'scopes', key.scopes)",
            if: "key.team_id IS NOT NULL"
        )
        let rows = try context.write(
            .lockUser(user),
            """
            UPDATE nofx.api_keys SET revoked_at = now()
            WHERE user_id = \(user) AND \(fragment: .comparable("name")) = \(fragment: .comparable("\(name)"))
              AND revoked_at IS NULL AND expires_at <= now()
            """,
            """
            WITH held AS (
                SELECT count(*) < \(quota) AS is_in_quota, coalesce(bool_or(
                           \(fragment: .comparable("k.name")) = \(fragment: .comparable("\(name)"))
                       ), false) AS is_name_taken
                FROM nofx.api_keys k
                WHERE k.user_id = \(user) AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
            ), team AS (
                SELECT t.id, t.name FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id
                WHERE t.id = \(draft.team) AND t.deleted_at IS NULL AND m.user_id = \(user)
            ), key AS (
                INSERT INTO nofx.api_keys (id, user_id, team_id, name, environment, secret_hash, scopes, expires_at)
                SELECT \(key.id), \(user), team.id, \(name), \(key.environment), \(key.secretHash), \(scopes),
                       now() + \(draft.lifetime.days) * interval '24 hours'
                FROM held LEFT JOIN team ON true
                WHERE held.is_in_quota AND NOT held.is_name_taken AND (\(draft.team) IS NULL OR team.id IS NOT NULL)
                RETURNING *
            )
            SELECT held.is_in_quota, held.is_name_taken, team.id IS NOT NULL AS is_member, key.*,
                   \(fragment: entry.columns)
            FROM held LEFT JOIN team ON true LEFT JOIN key ON true
            """
        )
        guard let row = rows.first else { throw Problem.internal }
        if let team = draft.team, try !row["is_member"] { throw Denial.notMember(action, team: team) }
        guard try row["is_in_quota"] else { throw Problem.quotaExceeded(.keys, quota) }
        guard try !row["is_name_taken"] else { throw Problem.keyNameTaken }
        try context.reportIfLost(entry, row)
        return try NewKey(key, row: row)
    }
}

extension Query {
    /// The form in which names of keys are compared, as the index `api_keys_name` has it: NFC, without the variation
    /// selectors that choose among the looks of an emoji or an ideograph.
    static func comparable(_ name: Query) -> Query {
        #"""
        normalize(regexp_replace(
            \#(fragment: name), '[\u180B-\u180D\u180F\uFE00-\uFE0F\U000E0100-\U000E01EF]', '', 'g'
        ), NFC)
        """#
    }
}
