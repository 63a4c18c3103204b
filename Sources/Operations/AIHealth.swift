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
                   b.cooldown_reason, c.*,
                   CASE WHEN n.name ~ '@.*/' THEN 'limit' WHEN n.name ~ '/' THEN 'model' WHEN n.name ~ '@' THEN 'key'
                        ELSE 'provider' END AS level,
                   CASE WHEN n.name !~ '[@/]' THEN k.refused END AS refused_keys,
                   CASE WHEN n.name !~ '[@/]' THEN k.resting END AS resting_keys
            FROM (SELECT clock_timestamp() AS now) t
            CROSS JOIN (SELECT unnest(\(BreakerName.always)) AS name UNION SELECT name FROM nofx.circuit_breakers
                        UNION SELECT name FROM nofx.circuit_counters) n
            LEFT JOIN nofx.circuit_breakers b ON b.name = n.name
            CROSS JOIN LATERAL (
                SELECT count(*) FILTER (WHERE o.state = 'refused') AS refused,
                       count(*) FILTER (WHERE o.state <> 'refused' AND o.not_before > t.now) AS resting
                FROM nofx.circuit_breakers o WHERE starts_with(o.name, n.name || '@') AND position('/' IN o.name) = 0
            ) k
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
    let level: String
    let state: String
    let isRetryDue: Bool
    let generation: Int
    let failures: Int
    let retryAfterMs: Int?
    let gate: Gate?
    let refusedKeys: Int?
    let restingKeys: Int?
    let lastError: String?
    let lastFailureAt: Timestamp?
    let lastSuccessAt: Timestamp?
    let counters: Counters
    let rateLimit: JSONText?
    let rateLimitAt: Timestamp?
    let changedAt: Timestamp?

    /// A cool-down: until it ends, no call is let through.
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
        level = try row["level"]
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
        refusedKeys = try row["refused_keys"]
        restingKeys = try row["resting_keys"]
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
        OutputField(
            "name",
            "The breaker: a provider, as in openai; a key, as in openai@1a2b3c4d; a model, as in openai/gpt-6."
        ) {
            $0.name
        },
        OutputField("level", "provider, key, model, or limit: one model with one of several keys.") { $0.level },
        OutputField(
            "state",
            "closed, open, half_open, forced_open, disabled, metrics_only, or refused: the provider refuses the key."
        ) {
            $0.state
        },
        OutputField("isRetryDue", "Whether it is open and the next call is a probe.") { $0.isRetryDue },
        OutputField("generation", "Counts the changes of state.") { $0.generation },
        OutputField("failures", "The failures in a row while it is closed.") { $0.failures },
        OutputField("retryAfterMs", "Milliseconds until the next probe.") { $0.retryAfterMs },
        OutputField("gate", "The cool-down; null if there is none.") { $0.gate },
        OutputField("refusedKeys", "How many of a provider's keys it refuses; null except for providers.") {
            $0.refusedKeys
        },
        OutputField("restingKeys", "How many of a provider's keys are in a cool-down; null except for providers.") {
            $0.restingKeys
        },
        OutputField("lastError", "The code of the last error that counted as a failure.") { $0.lastError },
        OutputField("lastFailureAt", "When the last failure was.") { $0.lastFailureAt },
        OutputField("lastSuccessAt", "When the last success was.") { $0.lastSuccessAt },
        OutputField("counters", "The counters.") { $0.counters },
        OutputField("rateLimit", "The provider's rate limits, from its last answer.") { $0.rateLimit },
        OutputField("rateLimitAt", "When that answer came.") { $0.rateLimitAt },
        OutputField("changedAt", "When the state last changed.") { $0.changedAt },
    ]
}

extension BreakerHealth {
    /// Whether the breaker is that of a provider.
    fileprivate var isProvider: Bool { level.utf8.elementsEqual("provider".utf8) }

    /// Whether the breaker belongs to what operators configure: a provider or a key.
    fileprivate var isOperators: Bool { isProvider || level.utf8.elementsEqual("key".utf8) }

    /// Whether only an operator or another key ends the state.
    fileprivate var isClosedForGood: Bool {
        ["forced_open", "refused"].contains { state.utf8.elementsEqual($0.utf8) }
    }
}

extension BreakerReport: TextOutput {
    private static let states = ["closed", "open", "half_open", "forced_open", "disabled", "metrics_only"]

    /// The breakers with metrics: those of providers and keys, and of models only those that reject calls or probe.
    ///
    /// Teams name models, and their number must not become that of the metrics.
    private var measured: [BreakerHealth] {
        breakers.filter { breaker in
            breaker.isOperators || breaker.gate != nil || !breaker.state.utf8.elementsEqual("closed".utf8)
        }
    }

    public static var textTypes: [String] { MetricsText.mediaTypes }
    public static var textContentType: String { MetricsText.contentType }

    /// The report in the text format of Prometheus.
    public var text: String {
        func samples(_ value: (BreakerHealth) -> Int) -> [MetricsText.Sample] {
            measured.map { MetricsText.Sample(["name": $0.name], value($0)) }
        }
        var metrics = MetricsText()
        metrics.metric(
            "nofx_ai_breaker_state",
            .gauge,
            "Whether the circuit breaker is in the state.",
            measured.flatMap { breaker in
                (Self.states + (breaker.isProvider ? [] : ["refused"])).map { state in
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
            measured.filter { !$0.isClosedForGood }.map {
                MetricsText.Sample(
                    ["name": $0.name],
                    seconds: .milliseconds(max($0.retryAfterMs ?? 0, $0.gate?.notBeforeMs ?? 0))
                )
            }
        )
        return metrics.text
    }
}
