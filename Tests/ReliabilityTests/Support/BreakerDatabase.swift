import Base
import Core
import Postgres
import TestSupport
import AI

/// A database that many tests share; each test uses a breaker with a unique name.
enum BreakerDatabase {
    private static let made = Result { try TestDatabase() }

    static func shared() throws -> TestDatabase { try made.get() }
}

extension PostgresStores {
    /// A store of the shared breakers for one process, with timeouts that a busy machine does not exceed.
    static func patient(_ url: String, reporter: UUID = .v7()) throws -> PostgresStores {
        var store = PostgresStores(
            Database(at: try ConnectionString(url)),
            reporter: reporter,
            log: .silent
        )
        store.answerLimit = .seconds(120)
        store.connectLimit = .seconds(120)
        return store
    }
}

extension TestDatabase {
    /// Moves all times of a breaker into the past.
    func age(_ name: String, by duration: Duration) throws {
        var connection = try connect()
        _ = try connection.transact(
            [
                """
                UPDATE nofx.circuit_breakers
                SET open_until = open_until - \(duration), probe_deadline = probe_deadline - \(duration),
                    half_open_since = half_open_since - \(duration), not_before = not_before - \(duration),
                    last_failure_at = last_failure_at - \(duration), changed_at = changed_at - \(duration)
                WHERE name = \(name)
                """,
                // The first statement moves the slices out of the way, because their keys must be unique after each
                // row.
                """
                UPDATE nofx.circuit_windows SET started_at = started_at - \(duration) - interval '9999 days'
                WHERE name = \(name)
                """,
                """
                UPDATE nofx.circuit_windows SET started_at = started_at + interval '9999 days' WHERE name = \(name)
                """,
            ],
            deadline: .test
        )
    }

    /// The stored state of a breaker; nil if there is none.
    func breaker(_ name: String) throws -> BreakerView? {
        try rows(
            """
            SELECT state, generation, failures, reporters, opens, total_opens, permits_left, probe_successes,
                   last_error, cooldown_reason,
                   extract(epoch FROM open_until - clock_timestamp())::float8::text AS open,
                   extract(epoch FROM probe_deadline - clock_timestamp())::float8::text AS probing,
                   extract(epoch FROM not_before - clock_timestamp())::float8::text AS gated,
                   (SELECT coalesce(sum(calls), 0)::bigint FROM nofx.circuit_windows w WHERE w.name = b.name) AS calls
            FROM nofx.circuit_breakers b WHERE name = \(name)
            """
        ).decodeFirst()
    }
}
