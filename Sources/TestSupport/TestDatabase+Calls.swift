public import Base
public import Core
public import FunctionRuntime
import Postgres

/// The refusal of a call: its status and code, such as `404 team_not_found`.
public struct Refusal: Error, Equatable, CustomStringConvertible {
    public let description: String

    /// Makes the refusal that a caller would receive.
    ///
    /// Any other error gets a description that no test expects.
    public init(_ error: any Error) {
        switch error {
        case let problem as Problem: description = "\(problem.status) \(problem.code)"
        case let denial as Denial: description = "\(denial.problem.status) \(denial.problem.code)"
        default: description = "unanswered: \(error)"
        }
    }
}

extension TestDatabase {
    /// Calls a function on its own connection.
    ///
    /// - Throws: The `Problem` or `Denial` that a caller would receive.
    @discardableResult
    public func call<F: Function>(
        _: F.Type,
        _ input: String,
        as caller: Caller?,
        quotas: Quotas = Quotas(),
        log: Log = .silent
    ) throws -> F.Output {
        var context = try context(for: caller, quotas: quotas, log: log)
        return try F.call(input, in: &context)
    }

    /// The status and code of a refused call; nil if the call succeeds.
    public func refusal<F: Function>(
        of function: F.Type,
        _ input: String,
        as caller: Caller?,
        quotas: Quotas = Quotas()
    ) -> String? {
        do {
            try call(function, input, as: caller, quotas: quotas)
            return nil
        } catch {
            return Refusal(error).description
        }
    }

    /// Calls a function in its own thread.
    public func start<F: Function & SendableMetatype>(
        _ function: F.Type,
        _ input: String,
        as caller: Caller
    ) -> TestThread<Result<F.Output, Refusal>> {
        TestThread {
            Result { try self.call(function, input, as: caller) }.mapError(Refusal.init)
        }
    }

    /// Makes several calls of a function at the same time, each on a connection that is already open.
    ///
    /// - Returns: The results, in the order of the calls.
    public func race<F: Function & SendableMetatype>(
        _: F.Type,
        _ calls: [(caller: Caller, input: String)],
        quotas: Quotas = Quotas()
    ) -> [Result<F.Output, Refusal>] {
        let barrier = ThreadBarrier(for: calls.count)
        let threads = calls.map { call in
            TestThread<Result<F.Output, Refusal>> {
                do {
                    var context = try context(for: call.caller, quotas: quotas)
                    // A failure to connect recurs in the call. If it were thrown here, the other threads would wait
                    // forever.
                    try? context.withConnection { _ in }
                    barrier.wait()
                    return .success(try F.call(call.input, in: &context))
                } catch {
                    return .failure(Refusal(error))
                }
            }
        }
        return threads.map { $0.join() }
    }

    /// Waits until a number of sessions of this database wait for a lock.
    public func awaitWaiters(_ count: Int = 1) throws {
        var connection = try connect()
        try Poll.until {
            try connection.transact(
                [
                    """
                    SELECT count(*) FROM pg_stat_activity
                    WHERE datname = current_database() AND wait_event_type = 'Lock'
                    """
                ],
                deadline: .test
            )[0].value(as: Int.self) >= count
        }
    }

    /// Waits for a session that sleeps inside a statement, and terminates it.
    public func terminateSleeper() throws {
        var connection = try connect()
        try Poll.until {
            try connection.transact(
                [
                    """
                    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                    WHERE datname = current_database() AND wait_event = 'PgSleep'
                    """
                ],
                deadline: .test
            )[0].value(as: Int.self) > 0
        }
    }
}

extension Array {
    /// The number of results by outcome: `ok`, or a status and code.
    public func tally<Output>() -> [String: Int] where Element == Result<Output, Refusal> {
        reduce(into: [:]) { counts, outcome in
            switch outcome {
            case .success: counts["ok", default: 0] += 1
            case .failure(let refusal): counts[refusal.description, default: 0] += 1
            }
        }
    }
}
