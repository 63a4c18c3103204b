public import Base
public import Core
public import Postgres

/// The state of every circuit breaker.
public struct BreakerReport: OutputObject {
    let breakers: [BreakerHealth]

    public static let fields: [OutputField<BreakerReport>] = [
        OutputField("breakers", "Every breaker, by name.") { $0.breakers }
    ]

    /// Reads the state of every breaker from the database, without a call to a provider.
    ///
    /// - Throws: `PostgresError`, or a 401 `Problem` when the caller is not authenticated.
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
                        THEN ceil(nofx.circuit_wait(b.not_before, t.now) / 1000.0)::bigint END AS cooldown_ms,
                   b.cooldown_reason, c.*
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

/// The state and the counters of one circuit breaker.
public struct BreakerHealth: OutputObject, RowDecodable {
    let name: String
    let state: String
    let isRetryDue: Bool
    let generation: Int
    let failures: Int
    let retryAfterMs: Int?
    let gate: Gate?
    let lastError: String?
    let lastFailureAt: Timestamp?
    let lastSuccessAt: Timestamp?
    let counters: Counters
    let rateLimit: JSONText?
    let rateLimitAt: Timestamp?
    let changedAt: Timestamp?

    /// The provider's cool-down: until it ends, no call is let through.
    public struct Gate: OutputObject {
        let notBeforeMs: Int
        let reason: String

        public static let fields: [OutputField<Gate>] = [
            OutputField("notBeforeMs", "Milliseconds until the cool-down ends.") { $0.notBeforeMs },
            OutputField("reason", "rate_limited or quota_exhausted.") { $0.reason },
        ]
    }

    /// Counters since the last crash of the database server.
    public struct Counters: OutputObject {
        let attempts: Int
        let successes: Int
        let failures: Int
        let rejections: Int
        let opens: Int

        public static let fields: [OutputField<Counters>] = [
            OutputField("attempts", "Requests to the provider.") { $0.attempts },
            OutputField("successes", "Requests with an answer.") { $0.successes },
            OutputField("failures", "Requests without an answer.") { $0.failures },
            OutputField("rejections", "Calls that the breaker rejected.") { $0.rejections },
            OutputField("opens", "How often the breaker opened; survives crashes.") { $0.opens },
        ]
    }

    public init(row: borrowing Row) throws(PostgresError) {
        name = try row["name"]
        state = try row["state"]
        isRetryDue = try row["is_retry_due"]
        generation = try row["generation"]
        failures = try row["breaker_failures"]
        retryAfterMs = try row["retry_after_ms"]
        if let notBefore = try row["cooldown_ms"] as Int?, let reason = try row["cooldown_reason"] as String? {
            gate = Gate(notBeforeMs: notBefore, reason: reason)
        } else {
            gate = nil
        }
        lastError = try row["last_error"]
        lastFailureAt = try row["last_failure_at"]
        lastSuccessAt = try row["last_success_at"]
        counters = Counters(
            attempts: try row["attempts"],
            successes: try row["successes"],
            failures: try row["failures"],
            rejections: try row["rejections"],
            opens: try row["total_opens"]
        )
        rateLimit = try row["rate_limit"]
        rateLimitAt = try row["rate_limit_at"]
        changedAt = try row["changed_at"]
    }

    public static let fields: [OutputField<BreakerHealth>] = [
        OutputField("name", "The breaker; it has the provider's name.") { $0.name },
        OutputField("state", "closed, open, half_open, forced_open, disabled or metrics_only.") { $0.state },
        OutputField("isRetryDue", "Whether it is open and the next call is a probe.") { $0.isRetryDue },
        OutputField("generation", "Counts the changes of state.") { $0.generation },
        OutputField("failures", "The failures in a row while it is closed.") { $0.failures },
        OutputField("retryAfterMs", "Milliseconds until the next probe.") { $0.retryAfterMs },
        OutputField("gate", "The provider's cool-down; null if there is none.") { $0.gate },
        OutputField("lastError", "The code of the last error that counted as a failure.") { $0.lastError },
        OutputField("lastFailureAt", "When the last failure was.") { $0.lastFailureAt },
        OutputField("lastSuccessAt", "When the last success was.") { $0.lastSuccessAt },
        OutputField("counters", "The counters.") { $0.counters },
        OutputField("rateLimit", "The provider's rate limits, from its last answer.") { $0.rateLimit },
        OutputField("rateLimitAt", "When that answer came.") { $0.rateLimitAt },
        OutputField("changedAt", "When the state last changed.") { $0.changedAt },
    ]
}

extension BreakerReport: TextOutput {
    private static let states = ["closed", "open", "half_open", "forced_open", "disabled", "metrics_only"]

    public static var textTypes: [String] { MetricsText.mediaTypes }
    public static var textContentType: String { MetricsText.contentType }

    /// The report in the text format of Prometheus.
    public var text: String {
        func samples(_ value: (BreakerHealth) -> Int) -> [MetricsText.Sample] {
            breakers.map { MetricsText.Sample(["name": $0.name], value($0)) }
        }
        var metrics = MetricsText()
        metrics.metric(
            "nofx_ai_breaker_state",
            .gauge,
            "Whether the circuit breaker is in the state.",
            breakers.flatMap { breaker in
                Self.states.map { state in
                    let isIn = breaker.state.utf8.elementsEqual(state.utf8)
                    return MetricsText.Sample(["name": breaker.name, "state": state], isIn ? 1 : 0)
                }
            }
        )
        metrics.metric(
            "nofx_ai_breaker_opens_total",
            .counter,
            "How often the breaker opened.",
            samples { $0.counters.opens }
        )
        metrics.metric(
            "nofx_ai_breaker_rejections_total",
            .counter,
            "Calls that the breaker rejected.",
            samples { $0.counters.rejections }
        )
        metrics.metric(
            "nofx_ai_breaker_attempts_total",
            .counter,
            "Requests to the provider.",
            samples { $0.counters.attempts }
        )
        metrics.metric(
            "nofx_ai_breaker_retry_after_seconds",
            .gauge,
            "Seconds until the breaker lets a call through; 0 if it does now, no sample if that is unknown.",
            breakers.filter { !$0.state.utf8.elementsEqual("forced_open".utf8) }.map {
                MetricsText.Sample(
                    ["name": $0.name],
                    seconds: .milliseconds(max($0.retryAfterMs ?? 0, $0.gate?.notBeforeMs ?? 0))
                )
            }
        )
        return metrics.text
    }
}
