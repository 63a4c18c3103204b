/// What an operator can do with a circuit breaker; the raw values are those of `nofx.circuit_set`.
public enum CircuitAction: String, Hashable, Sendable, CaseIterable {
    /// Closes it, and lifts its gate.
    case reset
    /// Lets nothing through until further notice.
    case forceOpen = "force_open"
    /// Lets everything through and counts nothing.
    case disable
    /// Ends what was done by hand.
    case enable
    /// Lets everything through and counts.
    case metricsOnly = "metrics_only"
}
