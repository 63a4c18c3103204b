public import Base
public import Core
import Postgres

/// An API key as its user sees it once it was told: everything but the secret, which nobody has any more.
public struct IssuedKey: OutputObject {
    /// Names the key.
    public let id: KeyID

    /// What the key begins with, by which it is found where it was left.
    public let prefix: String

    /// What its user calls it.
    public let name: KeyName

    /// What it is good for, as far as its user is permitted.
    public let scopes: [Scope]

    /// The only team that it is good for; nil for all of its user's.
    public let team: ID<Team>?

    /// When it was made.
    public let createdAt: Timestamp

    /// When it ends by itself.
    public let expiresAt: Timestamp?

    /// When it was ended.
    public let revokedAt: Timestamp?

    /// When it was last used, to the minute.
    public let lastUsedAt: Timestamp?

    /// From where it was last used, as far as the platform said.
    public let lastUsedIP: String?

    init(row: borrowing Row, in environment: KeyEnvironment) throws(PostgresError) {
        id = try row["id"]
        prefix = environment.prefix(of: id)
        name = try row["name"]
        scopes = try row["scopes"]
        team = try row["team_id"]
        createdAt = try row["created_at"]
        expiresAt = try row["expires_at"]
        revokedAt = try row["revoked_at"]
        lastUsedAt = try row["last_used_at"]
        lastUsedIP = try row["last_used_ip"]
    }

    public static let fields: [OutputField<IssuedKey>] = [
        OutputField("id", "The key.") { $0.id },
        OutputField("prefix", "What the key begins with.") { $0.prefix },
        OutputField("name", "What you call it.") { $0.name },
        OutputField("scopes", "What it is good for, as far as you are permitted.") { $0.scopes },
        OutputField("teamId", "The only team that it is good for; null for all of yours.") { $0.team },
        OutputField("createdAt", "When it was made.") { $0.createdAt },
        OutputField("expiresAt", "When it ends by itself.") { $0.expiresAt },
        OutputField("revokedAt", "When it was revoked; null if it was not.") { $0.revokedAt },
        OutputField("lastUsedAt", "When it was last used, to the minute; null for never.") { $0.lastUsedAt },
        OutputField("lastUsedIp", "From where it was last used, if the platform said.") { $0.lastUsedIP },
    ]
}
