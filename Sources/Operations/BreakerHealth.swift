public import Base
public import Postgres

/// How one circuit breaker stands, and what it has seen.
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

    /// How long no call is let through because the provider asked for that.
    public struct Gate: OutputObject {
        let notBeforeMs: Int
        let reason: String

        public static let fields: [OutputField<Gate>] = [
            OutputField("notBeforeMs", "The milliseconds until a call is let through.") { $0.notBeforeMs },
            OutputField("reason", "rate_limited or quota_exhausted.") { $0.reason },
        ]
    }

    /// What was counted since the server last crashed.
    public struct Counters: OutputObject {
        let attempts: Int
        let successes: Int
        let failures: Int
        let rejections: Int
        let opens: Int

        public static let fields: [OutputField<Counters>] = [
            OutputField("attempts", "Requests that were made.") { $0.attempts },
            OutputField("successes", "Those that brought an answer.") { $0.successes },
            OutputField("failures", "Those that did not.") { $0.failures },
            OutputField("rejections", "Calls that were not let through.") { $0.rejections },
            OutputField("opens", "How often the breaker opened; never forgotten.") { $0.opens },
        ]
    }

    public init(row: borrowing Row) throws(PostgresError) {
        name = try row["name"]
        state = try row["state"]
        isRetryDue = try row["is_retry_due"]
        generation = try row["generation"]
        failures = try row["breaker_failures"]
        retryAfterMs = try row["retry_after_ms"]
        if let notBefore = try row["gate_ms"] as Int?, let reason = try row["gate_reason"] as String? {
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
        OutputField("name", "The breaker, which is a provider's.") { $0.name },
        OutputField("state", "closed, open, half_open, forced_open, disabled or metrics_only.") { $0.state },
        OutputField("isRetryDue", "Whether it is open and the next call is let through to try.") { $0.isRetryDue },
        OutputField("generation", "Counts the changes of state.") { $0.generation },
        OutputField("failures", "The failures in a row while it is closed.") { $0.failures },
        OutputField("retryAfterMs", "The milliseconds until a call is let through to try.") { $0.retryAfterMs },
        OutputField("gate", "How long the provider wants no calls; null if it does.") { $0.gate },
        OutputField("lastError", "The class of the last error that counted.") { $0.lastError },
        OutputField("lastFailureAt", "When it was.") { $0.lastFailureAt },
        OutputField("lastSuccessAt", "When there last was an answer.") { $0.lastSuccessAt },
        OutputField("counters", "What was counted.") { $0.counters },
        OutputField("rateLimit", "The provider's rate limits, as it told them last.") { $0.rateLimit },
        OutputField("rateLimitAt", "When it told them.") { $0.rateLimitAt },
        OutputField("changedAt", "When the state last changed.") { $0.changedAt },
    ]
}
