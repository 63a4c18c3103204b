public import Base
import Postgres
import System
public import Queue
public import Core

/// A ``Queue`` in Postgres, for all processes; it takes a role that works for all teams.
///
/// It is for jobs that are complete in themselves; those of a run's steps are in the same table, and come and go with
/// their run. Every operation is one transaction in one round trip, also through a pooler, but for claims that find less
/// than they ask for: they see to what has become due, and look again. The time is the server's.
public struct PostgresQueue: ~Copyable {
    /// How long the database may take to answer.
    public var answerLimit = Duration.seconds(10)

    private let schedule: RetrySchedule
    private let log: Log
    private var database: Database

    /// Whose turn it was last, by topic.
    private var turns: [QueueTopic: UUID] = [:]
    private var lastTending: UInt64?

    /// How long a sweep may take.
    private static var sweepLimit: Duration { .seconds(2) }

    /// How much is tended at once.
    private var promotion = AdaptiveLimit(5_000)
    private var rescue = AdaptiveLimit(1_000)

    /// Makes a way to the queue; nothing is opened yet.
    ///
    /// - Parameters:
    ///   - database: Where it is.
    ///   - schedule: How often its jobs are tried.
    ///   - log: For what the server has to say.
    public init(_ database: consuming Database, schedule: RetrySchedule = .standard, log: Log) {
        self.database = database
        self.schedule = schedule
        self.log = log
    }

    /// Ends its use and gives the database back.
    public consuming func end() -> Database {
        database
    }

    /// The schedule's waits, in microseconds.
    var waits: [Int64] { schedule.delays.map(\.queueMicroseconds) }

    /// Whose turn it was last; at first anybody's.
    func turn(in topic: QueueTopic) -> UUID { turns[topic] ?? .anyTurn }

    mutating func noteTurn(of tenant: UUID?, in topic: QueueTopic) {
        turns[topic] = tenant ?? .noTenant
    }

    /// Whether nobody has tended by this way for a second: a busy queue is never found empty, and what is delayed would
    /// wait for that.
    var isTendingDue: Bool {
        guard let lastTending else { return true }
        return SystemClock.monotonicNanoseconds() - lastTending > 1_000_000_000
    }

    /// Tends, and tells whether anything may be due that was not.
    ///
    /// What takes too long is tried again with less.
    mutating func tended() throws(PostgresError) -> Bool {
        lastTending = SystemClock.monotonicNanoseconds()
        let promoted = try sweep("SELECT nofx.promote_jobs(\(Int32(promotion.count)))")
        promotion.record(isInTime: promoted != nil)
        let rescued = try sweep(
            """
            SELECT rescued FROM nofx.rescue_jobs(\(Int32(rescue.count)), ARRAY(
                SELECT w.wait * interval '1 microsecond'
                FROM unnest(\(waits)) WITH ORDINALITY AS w (wait, place) ORDER BY w.place
            ))
            """
        )
        rescue.record(isInTime: rescued != nil)
        return (promoted ?? 0) + (rescued ?? 0) > 0
    }

    /// Runs a sweep.
    ///
    /// - Returns: How much it did; nil if it took too long.
    private mutating func sweep(_ query: Query) throws(PostgresError) -> Int? {
        do throws(PostgresError) {
            let deadline = Deadline.after(min(answerLimit, Self.sweepLimit))
            return try database.operatorQuery(query, deadline: deadline, log: log).value()
        } catch {
            guard error.isTimeout else { throw error }
            return nil
        }
    }

    /// Runs one statement.
    mutating func run(_ query: Query) throws(PostgresError) -> Rows {
        try database.operatorQuery(query, deadline: .after(answerLimit), log: log)
    }
}

extension Duration {
    private static var longestWait: Duration { .seconds(50 * 365 * 86_400) }

    /// The wait as the table can have it: none that is negative, rounded up, and at most 50 years.
    var queueWait: Duration { .microseconds(queueMicroseconds) }

    /// ``queueWait`` in microseconds.
    var queueMicroseconds: Int64 {
        let (seconds, attoseconds) = min(max(self, .zero), Self.longestWait).components
        return seconds * 1_000_000 + (attoseconds + 999_999_999_999) / 1_000_000_000_000
    }
}
