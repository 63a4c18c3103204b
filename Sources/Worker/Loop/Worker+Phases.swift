internal import Base
internal import Core
internal import Runs
internal import System

extension Worker where Store: ~Copyable, Executor: ~Copyable {
    /// How long steps may take to notice that they were told to stop, and their results to be stored.
    private static var lastMoments: Duration { .milliseconds(1_500) }

    /// For how long an endless worker lets steps go on unless told otherwise.
    private static var usualGrace: Duration { .seconds(25) }

    /// Sees whether it is time to end.
    mutating func enterPhase(at now: Duration) {
        let isStopRequested = pool.isStopRequested
        if phase == .working, isStopRequested || end.hasPassed {
            report.more = true
            phase = .ending(until: now + (isStopRequested ? grace : .zero))
            log.info("worker.ending", ["reason": isStopRequested ? "asked" : "no_time", "held": held.count])
            for step in pool.withdraw() { submit(StepResult(step, .released()), at: now) }
        }
        if case .ending(let moment) = phase, moment <= now {
            phase = .cancelling(until: now + Self.lastMoments)
            for lease in held.keys where held[lease]?.isFinished == false { held[lease]?.isStopped = true }
            pool.cancel(held.keys)
        }
    }

    /// How long steps may go on that are being done when somebody wants the worker to end.
    private var grace: Duration {
        let left = end.remaining
        if settings.isEndless { return min(left, settings.grace ?? Self.usualGrace) }
        return settings.grace.map { min(left, $0) } ?? left
    }

    /// Whether nothing is left to do, or to wait for.
    ///
    /// - Throws: What the store throws, when there is nothing but a store that does not answer.
    mutating func isOver(at now: Duration) throws -> Bool {
        if held.isEmpty, let start = outage.start, let error = outage.error, !settings.isEndless {
            guard now - start < settings.storeOutageLimit, phase == .working else { throw error }
        }
        switch phase {
        case .working:
            guard held.isEmpty, outage.start == nil else { return false }
            if let limit = settings.maxSteps, report.processed >= limit {
                report.more = true
                return true
            }
            guard turns.allSatisfy({ $0.emptyRound == round || $0.isPaused(at: now) }) else { return false }
            let isPaused = turns.contains { $0.isPaused(at: now) }
            guard !settings.isEndless || turns.allSatisfy(\.isTooLong) else { return false }
            report.more = isPaused
            return true
        case .ending:
            return held.isEmpty
        case .cancelling(let moment):
            if !held.isEmpty, moment <= now {
                log.warning("worker.steps_left", ["count": held.count])
                report.lost += held.count
                return true
            }
            return held.isEmpty
        }
    }

    /// When there is something to do at the latest.
    func nextMoment(after now: Duration) -> Duration {
        // Threads begin with steps while nobody looks.
        var moments = [now + settings.recordStartAfter]
        switch phase {
        case .working:
            moments.append(nextMaintenance)
            if end < .distantFuture { moments.append(now + end.remaining) }
            moments += turns.filter { !$0.isPaused(at: now) && room(for: $0) > 0 }.map(\.nextClaim)
            moments += turns.compactMap(\.pausedUntil).filter { $0 > now }
        case .ending(let moment), .cancelling(let moment): moments.append(moment)
        }
        if !held.isEmpty {
            moments.append(nextHeartbeat)
            moments += held.values.map { $0.keptAt + settings.lease - settings.leaseMargin }
        }
        if !pending.isEmpty { moments.append(phase == .working ? pendingSince + settings.resultDelay : now) }
        let next = moments.min() ?? now
        // A store that does not answer is not asked before its pause is over; but leases end all the same.
        return outage.retryAt.map { max(next, min($0, now + settings.recordStartAfter)) } ?? next
    }
}
