import Base
import Core
import Postgres
import System

/// A part of the maintenance of the queue, which takes a transaction of its own.
///
/// deliverOutbox maintains mail and webhook messages: only it knows their retry schedule.
enum Sweep: CaseIterable {
    case promotion
    case rescue
    case overdueRuns
    case gates

    /// How many things one call handles at most.
    var limit: AdaptiveLimit {
        switch self {
        case .promotion: AdaptiveLimit(5_000)
        case .rescue: AdaptiveLimit(500)
        case .overdueRuns, .gates: AdaptiveLimit(200)
        }
    }

    fileprivate func query(_ limit: Int) -> Query {
        let limit = Int32(clamping: limit)
        return switch self {
        case .promotion: "SELECT nofx.promote_jobs(\(limit)) AS done"
        case .rescue:
            """
            SELECT returned + rescued + dead_lettered + cancelled AS done, returned, rescued, dead_lettered
            FROM nofx.rescue_steps(\(limit))
            """
        case .overdueRuns: "SELECT nofx.stop_overdue_runs(\(limit)) AS done"
        case .gates: "SELECT nofx.expire_gates(\(limit)) AS done"
        }
    }
}

extension PostgresStepStore {
    /// Sweeps take turns: one that takes too long does not delay the others, and a call ends before the worker's leases
    /// suffer.
    public mutating func maintain() throws -> Bool {
        let start = SystemClock.uptime
        var isFull = false
        for turn in 0..<sweeps.count {
            guard SystemClock.uptime - start < answerLimit / 2 else {
                sweeps.rotate(by: turn)
                return true
            }
            do {
                if try runSweep(turn) { isFull = true }
            } catch let error as PostgresError where error.isTimeout {
                sweeps[turn].limit.record(isInTime: false)
                sweeps.rotate(by: turn + 1)
                throw MaintenanceTimedOut(error)
            }
        }
        return isFull
    }

    /// - Returns: Whether there may be more of it.
    private mutating func runSweep(_ turn: Int) throws -> Bool {
        let limit = sweeps[turn].limit.count
        guard let row = try run(sweeps[turn].sweep.query(limit)).first else { return false }
        sweeps[turn].limit.record(isInTime: true)
        let done: Int = try row["done"]
        if sweeps[turn].sweep == .rescue, done > 0 {
            let (returned, rescued): (Int, Int) = (try row["returned"], try row["rescued"])
            let deadLettered: Int = try row["dead_lettered"]
            log.warning(
                "worker.rescued",
                ["rescued": rescued, "deadLettered": deadLettered, "returned": returned]
            )
        }
        return done >= limit
    }
}

extension Array {
    fileprivate mutating func rotate(by count: Int) {
        self = Array(self[count...] + self[..<count])
    }
}
