import Base
import Core
import Cryptography
import Postgres

/// An issuer's signing keys by URL, fetched when they are needed and kept in Postgres for all processes, so that a
/// new one need not ask.
///
/// The issuer is asked when there are no keys, when they are an hour old, or when a token names one that is not among
/// them; by all processes together at most once a minute, however many tokens somebody makes up. An answer that is no
/// good leaves the old keys in use, however old they are.
struct KeySetSource: Sendable {
    /// How long the process believes its own copy without looking into the database.
    private static let copyLifetime = Duration.seconds(300)

    private let url: KeySetURL

    /// The keys as they were when the process last looked.
    private var copy: Copy?

    private struct Copy {
        let keys: JSONWebKeySet

        /// Names the version; nil for one that the database does not have.
        let fetchedAt: Timestamp?

        let readAt: Timestamp
    }

    init(_ url: KeySetURL) {
        self.url = url
    }

    /// The keys to verify a token with.
    ///
    /// - Parameters:
    ///   - token: The token, in which nothing is wrong that shows without a key.
    ///   - now: The time.
    ///   - context: Has the way to the database, and the time that is left.
    /// - Returns: The best there are; they need not have the token's.
    /// - Throws: 503 `keys_unavailable` when there are none at all, or a `PostgresError`.
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
            // Another process fetches the keys, and may have finished.
            _ = try look(now, in: &context)
        }
    }

    /// Makes the copy what the database has.
    ///
    /// A version that the process has already is not read again.
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

    /// Keys that this program cannot read are as good as none.
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

/// What the database knows of an issuer's keys.
struct StoredKeySet {
    /// The keys, unless there are none or they are the version that was known.
    var json: String?

    /// When the keys were fetched, by the database's clock; nil when there are none.
    var fetchedAt: Timestamp?

    /// Whether there are no keys, or the issuer should be asked whether they are the same.
    var isOld = true

    /// Whether any process fetched the keys less than a minute ago.
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
