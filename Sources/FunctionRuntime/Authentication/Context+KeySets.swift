import Base
import Core
import Postgres

/// What the database knows of an issuer's keys.
struct StoredKeySet {
    /// The keys, unless there are none or they are the version that was known.
    var json: String?

    /// When the keys were fetched, by the database's clock; nil when there are none.
    var fetchedAt: Timestamp?

    /// Whether there are no keys, or the issuer should be asked whether they are the same.
    var isOld = true

    /// Whether somebody asked the issuer less than a minute ago.
    var wasTriedLately = false
}

extension StoredKeySet: RowDecodable {
    init(row: borrowing Row) throws(PostgresError) {
        json = try row["keys"]
        fetchedAt = try row["fetched_at"]
        isOld = try row["is_old"]
        wasTriedLately = try row["was_tried_lately"]
    }
}

/// All times are the database's: the clocks of the processes may differ.
extension Context {
    /// Reads an issuer's keys.
    ///
    /// - Parameters:
    ///   - url: Where they come from.
    ///   - version: The one that need not be sent again.
    /// - Returns: What there is, also if that is nothing.
    /// - Throws: `PostgresError`.
    mutating func storedKeySet(at url: KeySetURL, besides version: Timestamp?) throws -> StoredKeySet {
        try unauthenticatedQuery(
            """
            SELECT CASE WHEN fetched_at IS DISTINCT FROM \(version) THEN keys END AS keys, fetched_at,
                   coalesce(fetched_at <= clock_timestamp() - interval '1 hour', true) AS is_old,
                   tried_at > clock_timestamp() - interval '1 minute' AS was_tried_lately
            FROM nofx.key_sets WHERE url = \(url.text)
            """
        ).decodeFirst() ?? StoredKeySet()
    }

    /// Takes the right to ask the issuer, which there is once a minute.
    ///
    /// It is committed before the request goes out, so that a process which dies over it does not let all the others
    /// try at the same moment.
    ///
    /// - Returns: Since when it is taken, to store the answer with; nil when somebody else has it.
    /// - Throws: `PostgresError`.
    mutating func claimFetch(of url: KeySetURL) throws -> Timestamp? {
        do {
            return try unauthenticatedQuery(
                """
                INSERT INTO nofx.key_sets AS known (url, tried_at) VALUES (\(url.text), clock_timestamp())
                ON CONFLICT (url) DO UPDATE SET tried_at = clock_timestamp()
                WHERE known.tried_at <= clock_timestamp() - interval '1 minute'
                RETURNING tried_at
                """,
                access: .readWrite
            ).first?["tried_at"]
        } catch let error as PostgresError where error.kind == .commitOutcomeUnknown {
            // Nobody else's riddle: what the caller wants done has not begun.
            return nil
        }
    }

    /// Keeps an answer for all processes, unless somebody has asked again meanwhile and may know better.
    ///
    /// - Returns: The version's name; nil when it was not kept, which costs no more than another request.
    mutating func store(_ json: String, at url: KeySetURL, _ claim: Timestamp) -> Timestamp? {
        do {
            return try unauthenticatedQuery(
                """
                UPDATE nofx.key_sets SET keys = \(json), fetched_at = clock_timestamp()
                WHERE url = \(url.text) AND tried_at = \(claim)
                RETURNING fetched_at
                """,
                access: .readWrite
            ).first?["fetched_at"]
        } catch {
            log.warning("keys.not_stored", ["error": (error as? PostgresError)?.debugDescription])
            return nil
        }
    }
}
