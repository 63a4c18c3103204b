internal import Base

/// How long the server itself may spend on a transaction's statements and wait for its locks.
///
/// The limits are set for the transaction only, in the round trip of its first statement. Without them the
/// deadline still holds, but a statement that is under way when it passes runs on in the server.
public struct Limits: Hashable, Sendable {
    private enum Rule: Hashable, Sendable {
        case none
        case deadline(lock: Duration?)
    }

    private let rule: Rule

    /// The server's own settings.
    public static var none: Limits { Limits(rule: .none) }

    /// A statement is cancelled (57014) a little before the deadline, so that its failure can still be told, and
    /// waiting for a lock ends (55P03) when three quarters of that time are over.
    public static var fromDeadline: Limits { Limits(rule: .deadline(lock: nil)) }

    /// As ``fromDeadline``, but waiting for a lock ends after `lock` at the latest.
    public static func fromDeadline(lock: Duration) -> Limits { Limits(rule: .deadline(lock: lock)) }

    /// The statement that sets them; nil when there is nothing to set.
    func query(until deadline: Deadline) -> Query? {
        guard case .deadline(let lock) = rule, deadline != .distantFuture || lock != nil else { return nil }
        let remaining = deadline.remainingMilliseconds
        let statement = max(remaining - min(remaining / 10, 250), 1)
        let ceiling = max(statement * 3 / 4, 1)
        // Zero would mean no limit at all.
        let wait = lock.map { max(min(Int(clamping: $0.milliseconds), ceiling), 1) } ?? ceiling
        let timeout = "\(statement)"
        let lockTimeout = "\(wait)"
        return """
            SELECT set_config('statement_timeout', \(timeout), true), set_config('lock_timeout', \(lockTimeout), true)
            """
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    fileprivate var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
        return overflow ? .max : product + attoseconds / 1_000_000_000_000_000
    }
}
