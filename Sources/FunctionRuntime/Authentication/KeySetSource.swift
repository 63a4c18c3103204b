import Base
import Core
import Cryptography
import Postgres

/// The signing keys of an issuer, fetched from a URL on demand and shared through Postgres, so that a new process need
/// not fetch them.
///
/// A process fetches the keys if there are none, if they are an hour old, or if a token names a key that is not among
/// them. All processes together fetch at most once a minute, no matter how many tokens with invented key names arrive.
/// If a response is invalid, the old keys stay in use, whatever their age.
struct KeySetSource: Sendable {
    /// How long the process uses its own copy without reading the database.
    private static let copyLifetime = Duration.seconds(300)

    private let url: KeySetURL

    /// The keys that the process read or fetched last.
    private var copy: Copy?

    private struct Copy {
        let keys: JSONWebKeySet

        /// Identifies the version; nil if the version is not stored in the database.
        let fetchedAt: Timestamp?

        let readAt: Timestamp
    }

    init(_ url: KeySetURL) {
        self.url = url
    }

    /// The keys to verify a token with.
    ///
    /// - Parameters:
    ///   - token: The token, which has passed all checks that need no key.
    ///   - now: The current time.
    ///   - context: Provides the database and the deadline.
    /// - Returns: The newest available keys. They need not contain the token's key.
    /// - Throws: A `Problem` with status 503 and code `keys_unavailable` if there are no keys, or a `PostgresError`.
    mutating func keys(
        for token: SignedToken,
        now: Timestamp,
        in context: inout Context
    ) throws -> JSONWebKeySet {
        if let copy, (copy.readAt..<copy.readAt + Self.copyLifetime).contains(now), copy.keys.knowsKey(of: token) {
            return copy.keys
        }
        let state = try look(now, in: &context)
        if state.isOld || copy?.keys.knowsKey(of: token) != true {
            try refresh(after: state, now, in: &context)
        }
        guard let copy else { throw Problem.keysUnavailable }
        return copy.keys
    }

    private mutating func refresh(after state: StoredKeySet, _ now: Timestamp, in context: inout Context) throws {
        if state.wasTriedLately { return }
        if let claim = try context.claimFetch(of: url) {
            fetch(claim, now, in: &context)
        } else {
            // Another process is fetching the keys and may have finished.
            _ = try look(now, in: &context)
        }
    }

    /// Updates the copy from the database.
    ///
    /// The keys are not transferred again if the process already has the stored version.
    private mutating func look(_ now: Timestamp, in context: inout Context) throws -> StoredKeySet {
        let stored = try context.storedKeySet(at: url, besides: copy?.fetchedAt)
        if let json = stored.json {
            copy = parse(json, context.log).map { Copy(keys: $0, fetchedAt: stored.fetchedAt, readAt: now) }
        } else if let known = copy, known.fetchedAt == stored.fetchedAt, stored.fetchedAt != nil {
            copy = Copy(keys: known.keys, fetchedAt: known.fetchedAt, readAt: now)
        } else {
            copy = nil
        }
        return stored
    }

    /// Parses stored keys.
    ///
    /// Keys that this version of the program cannot read are treated as missing.
    private func parse(_ json: String, _ log: Log) -> JSONWebKeySet? {
        do throws(KeyError) {
            return try JSONWebKeySet(json: json)
        } catch {
            log.warning("keys.unreadable", ["error": error.description])
            return nil
        }
    }

    private mutating func fetch(_ claim: Timestamp, _ now: Timestamp, in context: inout Context) {
        do throws(KeySetURL.FetchFailure) {
            let (keys, json) = try url.fetch(until: context.deadline)
            copy = Copy(keys: keys, fetchedAt: context.store(json, at: url, claim), readAt: now)
        } catch {
            context.log.warning("keys.fetch_failed", ["reason": error.reason, "error": error.details])
        }
    }
}

extension Problem {
    fileprivate static var keysUnavailable: Problem {
        Problem(
            status: 503,
            code: "keys_unavailable",
            detail: "The keys that verify tokens are not available yet.",
            retryAfter: 1
        )
    }
}

/// The database's record of an issuer's keys.
struct StoredKeySet {
    /// The keys; nil if there are none or if the stored version is the known version.
    var json: String?

    /// When the keys were fetched, by the database's clock; nil if there are none.
    var fetchedAt: Timestamp?

    /// Whether there are no keys, or they are so old that they should be fetched again.
    var isOld = true

    /// Whether any process tried to fetch the keys within the last minute.
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

/// All times come from the database's clock, because the clocks of the processes may differ.
extension Context {
    /// Reads an issuer's keys.
    ///
    /// - Parameters:
    ///   - url: The URL of the keys.
    ///   - version: The version that the process already has.
    /// - Returns: The stored record; empty if there is none.
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

    /// Claims the fetch of the keys, which one process may do each minute.
    ///
    /// The claim is committed before the request is sent. If the process crashes during the request, the other
    /// processes still wait for the minute to pass.
    ///
    /// - Returns: The time of the claim, which `store` needs; nil if another process has the claim.
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
            // An unknown outcome of the claim must not become the outcome of the call, whose own work has not begun.
            return nil
        }
    }

    /// Stores fetched keys for all processes, unless another process has claimed a fetch since.
    ///
    /// - Returns: The version of the stored keys; nil if they were not stored, which costs only another request later.
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
