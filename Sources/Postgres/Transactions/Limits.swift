internal import Base

/// Time limits that the server applies to a transaction's statements and its waits for locks.
///
/// The limits apply to one transaction and are sent in the round trip of its first statement. Without them the deadline
/// still applies on the client, but the server continues a statement that is running when the deadline passes.
public struct Limits: Hashable, Sendable {
    private enum Rule: Hashable, Sendable {
        case none
        case deadline(lock: Duration?)
    }

    private let rule: Rule

    /// The server's own settings.
    public static var none: Limits { Limits(rule: .none) }

    /// The server cancels a statement (57014) shortly before the deadline, so that the error still reaches the client.
    ///
    /// A wait for a lock ends (55P03) after three quarters of that time.
    public static var fromDeadline: Limits { Limits(rule: .deadline(lock: nil)) }

    /// Like ``fromDeadline``, but a wait for a lock ends after `lock` at the latest.
    public static func fromDeadline(lock: Duration) -> Limits { Limits(rule: .deadline(lock: lock)) }

    /// The statement that sets the limits, or nil if there are none.
    func query(until deadline: Deadline) -> Query? {
        guard case .deadline(let lock) = rule, deadline != .distantFuture || lock != nil else { return nil }
        let remaining = deadline.remainingMilliseconds
        let statement = max(remaining - min(remaining / 10, 250), 1)
        let ceiling = max(statement * 3 / 4, 1)
        // Zero would disable the limit.
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
