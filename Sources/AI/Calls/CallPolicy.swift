public import Base
public import Core
public import System
public import Reliability

/// The policy of calls to providers: retries, breakers, cool-downs and prices.
public struct CallPolicy: Sendable {
    /// When a provider is left alone.
    public var breaker: CircuitBreakerPolicy

    /// How often it is asked again.
    public var retry: Retry

    /// The longest that a provider may have itself left alone by all processes.
    public var longestCooldown = Duration.seconds(3_600)

    /// How long a provider is left alone that limits us and does not say until when.
    public var shortestCooldown = Duration.seconds(1)

    /// How long a provider is left alone whose account has nothing left: it is asked once in a while, because money may
    /// have been added.
    public var quotaCooldown = Duration.seconds(60)

    /// How long a provider may be silent within an answer.
    public var idleLimit = Duration.seconds(30)

    /// What a team may spend that has no budget of its own.
    public var budget = Budget()

    /// What models cost.
    public var prices: PriceList

    /// Makes a policy.
    public init(breaker: CircuitBreakerPolicy, retry: Retry = Retry(), prices: PriceList = .known) {
        self.breaker = breaker
        self.retry = retry
        self.prices = prices
    }

    /// The operator's policy.
    ///
    /// - Throws: `ConfigurationError` for the first variable that cannot be used.
    public init(_ environment: Environment) throws(ConfigurationError) {
        self.init(
            breaker: try CircuitBreakerPolicy(environment),
            retry: Retry(try RetryPolicy(environment)),
            prices: try PriceList(environment)
        )
        idleLimit = .milliseconds(try environment.integer("NOFX_AI_IDLE_MS", in: 1...900_000, default: 30_000))
    }
}
