public import Postgres

/// The limits that an operator can set.
public struct Quotas: Sendable {
    /// How many living teams one user may own.
    public var teams = 20

    /// How many members one team may have.
    public var members = 100

    /// How many invites of one team may be pending.
    public var invites = 50

    /// How many living API keys one user may have.
    public var keys = 50

    /// Which API keys are made, and taken.
    public var keyEnvironment = KeyEnvironment.live

    /// How often one team may invite; nil for no limit.
    public var invitations: Rate?

    /// How often one user may invite, into all teams together; nil for no limit.
    public var invitationsByUser: Rate?

    /// How often one address may be invited, into all teams together; nil for no limit.
    public var invitationsToAddress: Rate?

    /// How often one user may change something; nil for no limit.
    public var writes: Rate?

    /// How often one user may read; nil for no limit.
    ///
    /// With a limit, every read also writes to the database.
    public var reads: Rate?

    /// What a team may spend on AI calls for which an operator set nothing else.
    public var aiBudget = Budget()

    /// The tools of a team whose tools no operator has set.
    public var defaultTools = DefaultTools.unlessCostly

    /// How many steps of one team may be ready and wait for a worker before it can start no more runs.
    public var queuedStepsPerTeam = 10_000

    /// How many bytes the runs of one team may have: inputs, outputs and artifacts.
    public var storedBytesPerTeam = 10 << 30

    /// How many calls of one user may wait for something to happen.
    public var waitingCallsPerUser = 20

    /// How many jobs of all teams may be queued before no team can start a run.
    public var queuedSteps = 1_000_000

    /// The default quotas, and no rate limits.
    public init() {}
}

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

/// What remains of a rate limit, as the `ratelimit-…` headers report it.
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
