/// Where the states of circuit breakers are kept.
///
/// Who asks is told at once. What a permit was used for is recorded once and never again: a permit that is lost is
/// covered by the lease of the probes.
public protocol CircuitBreakerStore: ~Copyable {
    /// Asks for leave to make a call.
    ///
    /// - Parameters:
    ///   - name: The breaker: lower case letters, digits and `. _ / -`, at most 100.
    ///   - policy: What the call is judged by.
    /// - Returns: A permit, or why there is none.
    /// - Throws: When the store cannot be asked.
    mutating func acquire(
        _ name: String,
        under policy: CircuitBreakerPolicy
    ) throws -> CircuitAdmission

    /// Tells what came of a call.
    ///
    /// - Returns: What the breaker made of it; nil where nothing changed.
    /// - Throws: When the store cannot be told.
    mutating func record(
        _ outcome: CircuitOutcome,
        of permit: consuming CircuitPermit,
        under policy: CircuitBreakerPolicy
    ) throws -> CircuitTransition?
}
