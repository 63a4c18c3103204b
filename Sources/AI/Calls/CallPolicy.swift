public import Base
public import Core
public import System
public import Reliability

/// The policy of calls to providers: retries, breakers, cool-downs and prices.
public struct CallPolicy: Sendable {
    /// When a breaker opens and how long it stays open.
    public var breaker: CircuitBreakerPolicy

    /// How often an attempt is retried and how long to wait.
    public var retry: Retry

    /// The longest cool-down that a provider can request.
    public var longestCooldown = Duration.seconds(3_600)

    /// The cool-down after a rate limit without a stated end.
    public var shortestCooldown = Duration.seconds(1)

    /// The cool-down after an exhausted quota.
    ///
    /// It is short because the operator may add money at any time.
    public var quotaCooldown = Duration.seconds(60)

    /// The longest silence within an answer.
    public var idleLimit = Duration.seconds(30)

    /// The budget of a team without a budget of its own.
    public var budget = Budget()

    public var prices: PriceList

    /// Makes a policy.
    public init(breaker: CircuitBreakerPolicy, retry: Retry = Retry(), prices: PriceList = .known) {
        self.breaker = breaker
        self.retry = retry
        self.prices = prices
    }

    /// The policy of the circuit breakers of a provider.
    func breaker(of provider: Provider) -> CircuitBreakerPolicy { provider.breakerPolicy ?? breaker }

    /// The same for a call, whose attempts may take longer.
    func lasting(_ call: Call, at provider: Provider) -> CircuitBreakerPolicy {
        let policy = breaker(of: provider)
        return policy.lasting(call.longestAttempt(policy.callTimeout))
    }

    /// Makes the policy that the environment configures.
    ///
    /// - Throws: `ConfigurationError` for the first invalid variable.
    public init(_ environment: Environment) throws(ConfigurationError) {
        self.init(
            breaker: try CircuitBreakerPolicy(environment),
            retry: Retry(try RetryPolicy(environment)),
            prices: try PriceList(environment)
        )
        idleLimit = .milliseconds(try environment.integer("NOFX_AI_IDLE_MS", in: 1...900_000, default: 30_000))
    }
}
