/// A change of a circuit breaker.
public enum CircuitTransition: Hashable, Sendable {
    /// It lets nothing through, for so long.
    case opened(for: Duration)
    /// It lets probes through.
    case halfOpened
    /// It lets everything through.
    case closed
    /// It would have opened, if it did more than count.
    case exceeded([CircuitLimit])
}

/// What opens a circuit breaker.
public enum CircuitLimit: String, Hashable, Sendable {
    /// Failures in a row.
    case failures
    /// The part of failed calls in the window.
    case failureRate = "failure_rate"
    /// The part of slow calls in the window.
    case slowCallRate = "slow_call_rate"
}
