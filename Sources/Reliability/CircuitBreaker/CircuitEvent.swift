/// What happens to a circuit breaker and to the calls through it.
public enum CircuitEvent: Sendable {
    /// The breaker changed.
    case changed(CircuitTransition)
    /// A call was not made.
    case rejected(CircuitRejection)
    /// A call failed; the error is its class.
    case failed(error: String)
    /// What came of a call could not be recorded.
    case recordLost(any Error)
}
