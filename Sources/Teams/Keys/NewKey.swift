public import Base
public import Core
import Postgres

/// An API key on the one occasion that it is told.
public struct NewKey: OutputObject {
    /// Names the key.
    public let id: KeyID

    /// The key itself.
    public let key: OneTimeSecret

    /// What its user calls it.
    public let name: KeyName

    /// What it is good for, as far as its user is permitted.
    public let scopes: [Scope]

    /// The only team that it is good for; nil for all of its user's.
    public let team: ID<Team>?

    /// When it was made.
    public let createdAt: Timestamp

    /// When it ends by itself.
    public let expiresAt: Timestamp

    init(_ key: APIKey, row: borrowing Row) throws(PostgresError) {
        id = key.id
        self.key = OneTimeSecret(key.text)
        name = try row["name"]
        scopes = try row["scopes"]
        team = try row["team_id"]
        createdAt = try row["created_at"]
        expiresAt = try row["expires_at"]
    }

    public static let fields: [OutputField<NewKey>] = [
        OutputField("id", "The key, for listApiKeys and revokeApiKey.") { $0.id },
        OutputField("key", "What to send as X-API-Key. It is told this once.") { $0.key },
        OutputField("name", "What you call it.") { $0.name },
        OutputField("scopes", "What it is good for, as far as you are permitted.") { $0.scopes },
        OutputField("teamId", "The only team that it is good for; null for all of yours.") { $0.team },
        OutputField("createdAt", "When it was made.") { $0.createdAt },
        OutputField("expiresAt", "When it ends by itself.") { $0.expiresAt },
    ]
}
