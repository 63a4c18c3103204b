public import Base
import Postgres
public import Core

/// How every circuit breaker stands.
public struct BreakerReport: OutputObject {
    let breakers: [BreakerHealth]

    public static let fields: [OutputField<BreakerReport>] = [
        OutputField("breakers", "Every breaker, by name.") { $0.breakers }
    ]

    /// How every breaker stands, as the database knows it; no provider is asked.
    ///
    /// - Throws: `PostgresError`, or a 401 `Problem` when nobody is authenticated.
    public static func make(in context: inout Context) throws -> BreakerReport {
        let rows = try context.read(
            """
            SELECT n.name, coalesce(b.state, 'closed') AS state, coalesce(b.generation, 0) AS generation,
                   coalesce(b.failures, 0) AS breaker_failures, coalesce(b.total_opens, 0) AS total_opens,
                   b.last_error, b.last_failure_at, b.changed_at,
                   coalesce(b.state = 'open' AND b.open_until <= t.now, false) AS is_retry_due,
                   CASE WHEN b.state = 'open'
                        THEN ceil(nofx.circuit_wait(b.open_until, t.now) / 1000.0)::bigint
                        WHEN b.state = 'half_open' AND b.permits_left <= 0
                        THEN ceil(nofx.circuit_wait(b.probe_deadline, t.now) / 1000.0)::bigint END AS retry_after_ms,
                   CASE WHEN b.not_before > t.now
                        THEN ceil(nofx.circuit_wait(b.not_before, t.now) / 1000.0)::bigint END AS gate_ms,
                   b.gate_reason, c.*
            FROM (SELECT clock_timestamp() AS now) t
            CROSS JOIN (SELECT unnest(\(BreakerName.always)) AS name UNION SELECT name FROM nofx.circuit_breakers) n
            LEFT JOIN nofx.circuit_breakers b ON b.name = n.name
            CROSS JOIN LATERAL (
                SELECT coalesce(sum(k.attempts), 0)::bigint AS attempts, max(k.last_success_at) AS last_success_at,
                       coalesce(sum(k.successes), 0)::bigint AS successes,
                       coalesce(sum(k.failures), 0)::bigint AS failures,
                       coalesce(sum(k.rejections), 0)::bigint AS rejections,
                       (array_agg(k.rate_limit ORDER BY k.rate_limit_at DESC)
                        FILTER (WHERE k.rate_limit IS NOT NULL))[1] AS rate_limit,
                       max(k.rate_limit_at) AS rate_limit_at
                FROM nofx.circuit_counters k WHERE k.name = n.name
            ) c
            ORDER BY n.name
            """
        )
        return BreakerReport(breakers: try rows.decode())
    }
}
