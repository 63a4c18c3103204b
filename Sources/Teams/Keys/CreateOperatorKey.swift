public import Base
public import Core
import Cryptography
import Postgres

extension NewKey {
    /// The input of createOperatorKey.
    public struct OperatorDraft: InputObject {
        let owner: KeyName
        let name: KeyName
        let lifetime: KeyLifetime
        let revokesOthers: Bool

        public static let schema = Schema(
            Field("operator", KeyName.self, "Who gets the key. The same name again adds a key for the same operator."),
            Field("name", KeyName.self, "The key's name, unique among the operator's valid keys."),
            .optional(
                "expiresInDays",
                KeyLifetime.self,
                default: .standard,
                "The number of days until the key expires."
            ),
            .optional(
                "revokeOthers",
                Bool.self,
                default: false,
                "Whether the operator's other keys are revoked, as after a key was lost."
            ),
            into: OperatorDraft.init
        )
    }

    /// The issuer of operators that the schema's owner names.
    ///
    /// No token has it: an issuer of tokens is a URL.
    private static let issuer = "urn:nofx:operators"

    /// What the keys are good for: to operate the product, and to list and revoke the keys of the same operator.
    private static let operatorScopes: [Scope] = [.read, .admin, .operations]

    /// Creates an API key with the scope `admin:ops` for an operator who needs no issuer of tokens.
    ///
    /// The statements run without a caller and write to tables that are closed to the roles of functions and of
    /// operators' programs, so only the schema's owner can execute them. The key and each revocation are recorded among
    /// the actions of operators, with the role of the database that made them as the credential.
    ///
    /// - Throws: 409 `key_name_taken`; `PostgresError`, for another role because its rights do not suffice.
    public static func create(_ draft: OperatorDraft, in context: inout Context) throws -> NewKey {
        let key = APIKey.make(for: context.quotas.keyEnvironment)
        let subject = "operator:\(draft.owner.rawValue)"
        let user = ID<User>(TokenClaims.userID(of: subject, at: issuer))
        let name = draft.name.rawValue
        let rows = try context.unauthenticatedQuery(
            "SELECT nofx.check_version(\(SchemaVersion.required))",
            """
            INSERT INTO nofx.users (id, issuer, subject) VALUES (\(user), \(issuer), \(subject)) ON CONFLICT DO NOTHING
            """,
            """
            WITH revoked AS (
                UPDATE nofx.api_keys SET revoked_at = now()
                WHERE user_id = \(user) AND revoked_at IS NULL
                  AND (\(draft.revokesOthers)
                       OR expires_at <= now()
                          AND \(fragment: .comparable("name")) = \(fragment: .comparable("\(name)")))
                RETURNING id, name
            )
            INSERT INTO nofx.operator_actions (user_id, action, subject, before, credential, request_id)
            SELECT \(user), 'operator_key.revoked', id, jsonb_build_object('name', name), 'role:' || session_user,
                   \(context.origin.requestID)
            FROM revoked
            """,
            """
            WITH key AS (
                INSERT INTO nofx.api_keys (id, user_id, name, environment, secret_hash, scopes, expires_at)
                VALUES (\(key.id), \(user), \(name), \(key.environment), \(key.secretHash), \(operatorScopes),
                        now() + \(draft.lifetime.days) * interval '24 hours')
                ON CONFLICT DO NOTHING
                RETURNING *
            ), record AS (
                INSERT INTO nofx.operator_actions (user_id, action, subject, after, credential, request_id)
                SELECT \(user), 'operator_key.created', id,
                       jsonb_build_object('operator', \(draft.owner.rawValue)::text, 'name', name,
                                          'expiresAt', expires_at),
                       'role:' || session_user, \(context.origin.requestID)
                FROM key
            )
            SELECT * FROM key
            """,
            access: .readWrite
        )
        guard let row = rows.first else { throw Problem.keyNameTaken }
        return try NewKey(key, row: row)
    }
}
