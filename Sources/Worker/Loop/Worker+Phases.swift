internal import Base
internal import Core
internal import Queue
internal import Runs
internal import System

extension Worker where Store: ~Copyable, Executor: ~Copyable {
    /// How long cancelled steps have to return, and their results to be stored.
    private static var cancellationLimit: Duration { .milliseconds(1_500) }

    /// The default grace period of an endless worker.
    private static var defaultGrace: Duration { .seconds(25) }

    /// Starts to end the worker on request, or when its time is over.
    mutating func enterPhase(at now: Duration) {
        let isStopRequested = pool.isStopRequested
        if phase == .working, isStopRequested || end.hasPassed {
            phase = .ending(until: now + (isStopRequested ? grace : .zero))
            log.info("worker.ending", ["reason": isStopRequested ? "asked" : "no_time", "held": held.count])
            for step in pool.withdraw(where: { !$0.hasBegun }) { submit(StepResult(step, .released()), at: now) }
        }
        if case .ending(let moment) = phase, moment <= now {
            phase = .cancelling(until: now + Self.cancellationLimit)
            for lease in held.keys where held[lease]?.isFinished == false { held[lease]?.isStopped = true }
            pool.cancel(held.keys)
        }
    }

    /// How long running steps may continue after a stop request.
    private var grace: Duration {
        let left = end.remaining
        if settings.isEndless { return min(left, settings.grace ?? Self.defaultGrace) }
        return settings.grace.map { min(left, $0) } ?? left
    }

    /// Whether the worker has nothing left to do or to wait for.
    ///
    /// - Throws: The store's error when the worker holds no steps and the store stays unavailable.
    mutating func isOver(at now: Duration) throws -> Bool {
        if held.isEmpty, let start = outage.start, let error = outage.error, !settings.isEndless {
            guard now - start < settings.storeOutageLimit, phase == .working else { throw error }
        }
        switch phase {
        case .working:
            guard held.isEmpty, outage.start == nil else { return false }
            if let limit = settings.maxSteps, report.processed >= limit { return true }
            guard !settings.isEndless, turns.allSatisfy({ $0.emptyRound == round || $0.isPaused(at: now) }) else {
                return false
            }
            isQueueEmpty = true
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

    /// The next time at which the loop has something to do, at the latest.
    func nextMoment(after now: Duration) -> Duration {
        // Threads start steps without waking the loop, so look again after this interval.
        var moments = [now + settings.recordStartAfter]
        switch phase {
        case .working:
            let load = pool.load(occupiedSince: now - settings.maxQueueTime)
            moments.append(nextMaintenance)
            if end < .distantFuture { moments.append(now + end.remaining) }
            moments += turns.filter { !$0.isPaused(at: now) && room(for: $0, load) > 0 }.map(\.nextClaim)
            moments += turns.compactMap(\.pausedUntil).filter { $0 > now }
        case .ending(let moment), .cancelling(let moment): moments.append(moment)
        }
        if !held.isEmpty {
            moments.append(nextHeartbeat)
            if !watchedSteps.isEmpty { moments.append(nextTexts) }
            moments += held.values.map { $0.keptAt + settings.lease - settings.leaseMargin }
        }
        if !pending.isEmpty { moments.append(phase == .working ? pendingSince + settings.resultDelay : now) }
        let next = moments.min() ?? now
        // Do not call an unavailable store before its pause is over, but leases still have to be checked.
        return outage.retryAt.map { max(next, min($0, now + settings.recordStartAfter)) } ?? next
    }

    /// Counts what is left when the worker ends: whether another call could do more, and what is too long for all calls.
    mutating func countBacklog() throws(StoreRefusal) {
        let now = SystemClock.uptime
        report.more = !isQueueEmpty || turns.contains { $0.isPaused(at: now) }
        let kind = kind
        guard let backlog = try callStore(at: now, { try $0.backlog(for: kind) }) else { return }
        let isPaused = report.more && isQueueEmpty
        // Where limits apply, due steps may have to wait for steps of other workers.
        let isLimited = isQueueEmpty && (settings.tenantLimit != nil || !settings.topicLimits.isEmpty)
        report.more = isPaused || backlog.hasMore && !isLimited
        report.tooLong = backlog.tooLong.values.reduce(0, +)
        for (topic, count) in backlog.tooLong {
            log.warning("worker.steps_too_long", ["topic": topic.description, "count": count])
        }
    }
}
