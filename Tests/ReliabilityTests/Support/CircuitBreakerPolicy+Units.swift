import Core
import Reliability

extension CircuitBreakerPolicy {
    /// The defaults with times in whole units of 100 seconds: open for ten units, a lease of seven.
    static func units(
        failureThreshold: Int = 5,
        successThreshold: Int = 2,
        resetTimeout: Duration = .seconds(1_000),
        maximumResetTimeout: Duration? = nil,
        growthFactor: Double = 1,
        halfOpenPermits: Int = 2,
        halfOpenMaximumWait: Duration? = nil,
        closesAfterMaximumWait: Bool = false,
        minimumReporters: Int = 1,
        failureDecay: Duration? = nil,
        window: CircuitWindow? = nil
    ) throws -> CircuitBreakerPolicy {
        try CircuitBreakerPolicy(
            failureThreshold: failureThreshold,
            successThreshold: successThreshold,
            callTimeout: .seconds(600),
            leaseMargin: .seconds(100),
            resetTimeout: resetTimeout,
            maximumResetTimeout: maximumResetTimeout,
            growthFactor: growthFactor,
            halfOpenPermits: halfOpenPermits,
            halfOpenMaximumWait: halfOpenMaximumWait,
            closesAfterMaximumWait: closesAfterMaximumWait,
            minimumReporters: minimumReporters,
            failureDecay: failureDecay,
            window: window
        )
    }
}
