public import Base
public import Core
public import Postgres

/// An API key as its user sees it after it was created: without the secret, of which only a hash is stored.
public struct IssuedKey: OutputObject, RowDecodable {
    public let id: KeyID

    /// The first part of the key's text, which identifies it where it is used.
    public let prefix: String

    public let name: KeyName

    /// The key's scopes.
    ///
    /// The user's own permissions limit them further.
    public let scopes: [Scope]

    /// The only team that the key can be used for; nil for all teams of its user.
    public let team: ID<Team>?

    public let createdAt: Timestamp
    public let expiresAt: Timestamp?
    public let revokedAt: Timestamp?

    /// When the key was last used, to the minute.
    public let lastUsedAt: Timestamp?

    /// The address from which the key was last used, if the platform reported it.
    public let lastUsedIP: String?

    public init(row: borrowing Row) throws(PostgresError) {
        id = try row["id"]
        prefix = (try row["environment"] as KeyEnvironment).prefix(of: id)
        name = try row["name"]
        scopes = try row.known("scopes") ?? []
        team = try row["team_id"]
        createdAt = try row["created_at"]
        expiresAt = try row["expires_at"]
        revokedAt = try row["revoked_at"]
        lastUsedAt = try row["last_used_at"]
        lastUsedIP = try row["last_used_ip"]
    }

    public static let fields: [OutputField<IssuedKey>] = [
        OutputField("id", "The key.") { $0.id },
        OutputField("prefix", "The first part of the key's text.") { $0.prefix },
        OutputField("name", "The key's name.") { $0.name },
        OutputField("scopes", "The key's scopes; your own permissions limit them further.") { $0.scopes },
        OutputField("teamId", "The only team that the key can be used for; null for all your teams.") { $0.team },
        OutputField("createdAt", "When the key was created.") { $0.createdAt },
        OutputField("expiresAt", "When the key expires.") { $0.expiresAt },
        OutputField("revokedAt", "When the key was revoked; null if it was not.") { $0.revokedAt },
        OutputField("lastUsedAt", "When the key was last used, to the minute; null if never.") { $0.lastUsedAt },
        OutputField("lastUsedIp", "The address from which the key was last used, if the platform reported it.") {
            $0.lastUsedIP
        },
    ]
}

/// A new API key with its text, which is shown only once.
public struct NewKey: OutputObject {
    public let id: KeyID

    /// The whole key.
    public let key: OneTimeSecret

    public let name: KeyName

    /// The key's scopes.
    ///
    /// The user's own permissions limit them further.
    public let scopes: [Scope]

    /// The only team that the key can be used for; nil for all teams of its user.
    public let team: ID<Team>?

    public let createdAt: Timestamp
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
        OutputField("key", "The value for the header X-API-Key. It is shown only once.") { $0.key },
        OutputField("name", "The key's name.") { $0.name },
        OutputField("scopes", "The key's scopes; your own permissions limit them further.") { $0.scopes },
        OutputField("teamId", "The only team that the key can be used for; null for all your teams.") { $0.team },
        OutputField("createdAt", "When the key was created.") { $0.createdAt },
        OutputField("expiresAt", "When the key expires.") { $0.expiresAt },
    ]
}
