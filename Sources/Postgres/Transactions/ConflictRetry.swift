internal import Base
internal import System

/// How often a transaction is done again after a conflict with another (SQLSTATE 40001 or 40P01).
///
/// Between two attempts lies a random wait that grows, so that two that met once do not meet again, and no
/// attempt starts that could not end before the deadline.
public struct ConflictRetry: Hashable, Sendable {
    /// How often it is tried, the first time included.
    public let attempts: Int

    /// Tries at most this often, at least once.
    public init(attempts: Int) {
        self.attempts = max(attempts, 1)
    }

    /// Once.
    public static var never: ConflictRetry { ConflictRetry(attempts: 1) }

    /// Five times.
    public static var conflicts: ConflictRetry { ConflictRetry(attempts: 5) }

    /// Waits before the attempt after `attempt`, which ended with `error`; false when there should be none.
    func waits(after attempt: Int, endedBy error: PostgresError, until deadline: Deadline) -> Bool {
        guard error.isConflict, attempt < attempts else { return false }
        let ceiling = min(Self.firstWait << UInt64(attempt - 1), Self.longestWait)
        let wait = UInt64.random(in: 0...ceiling)
        guard wait < deadline.remainingNanoseconds else { return false }
        SystemClock.sleep(nanoseconds: wait)
        return true
    }

    /// In nanoseconds: two statements' time on a busy server.
    private static var firstWait: UInt64 { 10_000_000 }
    private static var longestWait: UInt64 { 160_000_000 }
}
