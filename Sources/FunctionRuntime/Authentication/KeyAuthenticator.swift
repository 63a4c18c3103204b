import Base
import Core
import Postgres

/// Authenticates a caller by an API key.
///
/// Every invalid key gets the same response. The reason appears only in the log.
struct KeyAuthenticator {
    let environment: KeyEnvironment

    /// Verifies a key.
    ///
    /// A malformed key is rejected without a database query.
    ///
    /// - Throws: A `Problem` with status 401 and code `invalid_api_key`, or `PostgresError`.
    func caller(_ text: String, in context: inout Context) throws -> Caller {
        let key: APIKey
        do throws(APIKey.Refusal) {
            key = try APIKey(text, for: environment)
        } catch {
            throw refusal(error.rawValue, of: nil, context.log)
        }
        // Anybody can make up a key with a right checksum, so one that is unknown costs as little as possible.
        let rows = try context.lookUp(
            """
            SELECT * FROM nofx.find_api_key(\(key.id), \(key.secretHash), \(context.origin.ip), \(environment))
            """
        )
        guard let known = try rows.decodeFirst(KnownKey.self) else { throw refusal("unknown", of: key, context.log) }
        guard known.isLive else { throw refusal("not_live", of: key, context.log) }
        return known.caller(credential: "key:\(key.id)")
    }

    private func refusal(_ reason: String, of key: APIKey?, _ log: Log) -> Problem {
        log.warning("key.refused", ["reason": reason, "keyId": key?.id.rawValue])
        return Problem(status: 401, code: "invalid_api_key", detail: "The API key is not valid.")
    }
}

/// The database's record of a key and its user.
private struct KnownKey: RowDecodable {
    let isLive: Bool

    private let user: ID<User>
    private let issuer: String
    private let subject: String
    private let team: UUID?
    private let scopes: [Scope]

    init(row: borrowing Row) throws(PostgresError) {
        isLive = try row["is_live"]
        user = try row["user_id"]
        issuer = try row["issuer"]
        subject = try row["subject"]
        team = try row["team_id"]
        scopes = try row.known("scopes") ?? []
    }

    /// The user of the key, with the rights that the key grants.
    func caller(credential: String) -> Caller {
        Caller(
            user: user,
            issuer: issuer,
            subject: subject,
            email: nil,
            credential: credential,
            scopes: scopes,
            team: team
        )
    }
}
