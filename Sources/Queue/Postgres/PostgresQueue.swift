public import Base
import Postgres
import System
public import Queue
public import Core

/// A ``Queue`` in Postgres, for all processes.
///
/// Its database role must have access to all teams.
///
/// This type is for independent jobs. The jobs of run steps are in the same table, but are created and removed with
/// their run. Each operation is one transaction in one round trip, also through a pooler. The exception is a claim
/// that finds fewer jobs than it asked for: it makes scheduled jobs due and claims again. All times are the server's.
public struct PostgresQueue: ~Copyable {
    /// The longest time that the database may take for a statement.
    public var answerLimit = Duration.seconds(10)

    private let schedule: RetrySchedule
    private let log: Log
    private var database: Database

    /// The tenant of the last turn, by topic.
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
    ///   - database: The database of the queue.
    ///   - schedule: The attempts of its jobs.
    ///   - log: Receives the database server's notices.
    public init(_ database: consuming Database, schedule: RetrySchedule = .standard, log: Log) {
        self.database = database
        self.schedule = schedule
        self.log = log
    }

    /// Ends the queue and returns its database.
    public consuming func end() -> Database {
        database
    }

    /// The schedule's waits, in microseconds.
    var waits: [Int64] { schedule.delays.map(\.queueMicroseconds) }

    /// The tenant of the last turn in a topic; at first a random position.
    func turn(in topic: QueueTopic) -> UUID { turns[topic] ?? .anyTurn }

    mutating func noteTurn(of tenant: UUID?, in topic: QueueTopic) {
        turns[topic] = tenant ?? .noTenant
    }

    /// Whether this value has not maintained the queue for a second.
    ///
    /// A busy queue is never found empty, so its scheduled jobs would otherwise never become due.
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

    mutating func run(_ query: Query) throws(PostgresError) -> Rows {
        try database.operatorQuery(query, deadline: .after(answerLimit), log: log)
    }
}

extension Duration {
    private static var longestWait: Duration { .seconds(50 * 365 * 86_400) }

    /// The wait as the table stores it: not negative, rounded up to the microsecond, and at most 50 years.
    var queueWait: Duration { .microseconds(queueMicroseconds) }

    /// ``queueWait`` in microseconds.
    var queueMicroseconds: Int64 {
        let (seconds, attoseconds) = min(max(self, .zero), Self.longestWait).components
        return seconds * 1_000_000 + (attoseconds + 999_999_999_999) / 1_000_000_000_000
    }
}
