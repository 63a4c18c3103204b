public import Postgres

/// How often something may be done: so many at once, and then one each time that an interval has passed.
///
/// It is the generic cell rate algorithm (ITU-T I.371), counted by `nofx.take_rate`.
public struct Rate: Sendable, Equatable {
    /// How many may be done at once.
    public let burst: Int

    /// The microseconds after which one more may be done.
    public let interval: Int

    /// Allows `count` in `seconds` on average, and `burst` at once.
    public init(_ count: Int, in seconds: Int, burst: Int) {
        self.burst = burst
        interval = max(seconds * 1_000_000 / count, 1)
    }
}

/// What is left of a rate, as answers tell it.
public struct RateLimitStatus: Sendable, Equatable, RowDecodable {
    /// How many could be done at once to begin with.
    public let limit: Int

    /// How many can be done at once now.
    public let remaining: Int

    /// The seconds until all can be done at once again.
    public let reset: Int

    /// Nothing is left of a rate.
    init(exhausted rate: Rate, reset: Int?) {
        limit = rate.burst
        remaining = 0
        self.reset = reset ?? 1
    }

    public init(row: borrowing Row) throws(PostgresError) {
        limit = try row["burst"]
        remaining = try row["remaining"]
        reset = try row["reset"]
    }
}

extension Query {
    /// Takes one of what a rate allows.
    ///
    /// It fails when there is none, which undoes whatever else its transaction does.
    public static func take(_ rate: Rate, of key: String) -> Query {
        """
        SELECT \(rate.burst) AS burst, remaining, reset
        FROM nofx.take_rate(\(key), \(rate.interval), \(rate.burst)::integer)
        """
    }
}
