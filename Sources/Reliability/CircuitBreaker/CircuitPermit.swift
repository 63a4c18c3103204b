/// Leave to make one call.
///
/// It cannot be copied, so that it is given back once at most. Letting go of it without recording anything is safe: a
/// probe's place is free again when its lease has passed.
public struct CircuitPermit: ~Copyable, Sendable {
    /// The breaker.
    public let name: String

    /// The era that it belongs to; a result of another one changes nothing.
    public let generation: Int64

    /// Whether the breaker looks with this call if it can be closed.
    public let isProbe: Bool

    /// What asking for it made of the breaker.
    public let transition: CircuitTransition?

    /// How long the call took, where somebody timed it.
    public var duration: Duration?

    /// Whether the breaker counts failures, so that a success changes its state.
    public let hasFailures: Bool

    /// Whether nothing but a cool-down is recorded, because the breaker is disabled.
    public let isUnrecorded: Bool

    /// Whether it is the process's own breaker that gave it, in place of a shared one.
    var isSubstitute = false

    /// Makes a permit; only stores do.
    ///
    /// - Parameters:
    ///   - name: The breaker.
    ///   - generation: The era that it belongs to.
    ///   - isProbe: Whether the breaker is half-open.
    ///   - hasFailures: Whether the breaker counts failures.
    ///   - isUnrecorded: Whether the breaker is disabled.
    ///   - transition: What asking for the permit changed.
    public init(
        name: String,
        generation: Int64,
        isProbe: Bool,
        hasFailures: Bool,
        isUnrecorded: Bool,
        transition: CircuitTransition?
    ) {
        self.name = name
        self.generation = generation
        self.isProbe = isProbe
        self.hasFailures = hasFailures
        self.isUnrecorded = isUnrecorded
        self.transition = transition
    }

    /// Whether recording an outcome can change the breaker's state.
    public func changesState(_ outcome: CircuitOutcome, under policy: CircuitBreakerPolicy) -> Bool {
        switch outcome {
        case .limited: true
        case .neutral: isProbe
        case .failure: !isUnrecorded
        case .success: isProbe || (!isUnrecorded && (hasFailures || policy.window != nil))
        }
    }
}
