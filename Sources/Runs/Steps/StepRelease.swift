/// Why a step was given back without having been tried.
public enum StepRelease: Hashable, Sendable {
    /// There was no time left for it.
    case noTime

    /// A circuit breaker lets nothing through: others of its kind have no better chance before its wait is over.
    case circuitOpen

    /// It is only to be done later.
    case notDue
}
