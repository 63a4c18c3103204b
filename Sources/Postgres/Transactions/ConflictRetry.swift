internal import Base
internal import System

/// How often a transaction is retried after a conflict with another transaction (SQLSTATE 40001 or 40P01).
///
/// The delay between attempts grows and is random, so that two conflicting transactions do not conflict again. No
/// attempt starts if its delay would end after the deadline.
public struct ConflictRetry: Hashable, Sendable {
    /// The maximum number of attempts, including the first.
    public let attempts: Int

    /// Creates a limit of this many attempts, at least one.
    public init(attempts: Int) {
        self.attempts = max(attempts, 1)
    }

    /// One attempt.
    public static var never: ConflictRetry { ConflictRetry(attempts: 1) }

    /// Five attempts.
    public static var conflicts: ConflictRetry { ConflictRetry(attempts: 5) }

    /// Waits before the next attempt.
    ///
    /// Returns false if there should be no further attempt.
    func waits(after attempt: Int, endedBy error: PostgresError, until deadline: Deadline) -> Bool {
        guard error.isConflict, attempt < attempts else { return false }
        let ceiling = min(Self.firstWait << UInt64(attempt - 1), Self.longestWait)
        let wait = UInt64.random(in: 0...ceiling)
        guard wait < deadline.remainingNanoseconds else { return false }
        SystemClock.sleep(nanoseconds: wait)
        return true
    }

    /// In nanoseconds; about the time of two statements on a busy server.
    private static var firstWait: UInt64 { 10_000_000 }
    private static var longestWait: UInt64 { 160_000_000 }
}
