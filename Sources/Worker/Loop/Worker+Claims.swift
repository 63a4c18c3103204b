import Queue

internal import Base
internal import Core
internal import Runs
internal import System

extension Worker where Store: ~Copyable, Executor: ~Copyable {
    /// Claims as many steps as there is room for, one claim a topic.
    mutating func claim(at now: Duration) throws {
        for position in turns.indices {
            let turn = turns[position]
            let isOverdue = held.isEmpty && turn.emptyRound != round
            guard !turn.isPaused(at: now), turn.nextClaim <= now || isOverdue else { continue }
            let count = room(for: turn)
            guard count > 0 else { continue }
            let claim = JobClaim(
                turn.topic,
                count: count,
                lease: settings.lease,
                topicLimit: settings.topicLimits[turn.topic],
                tenantLimit: settings.tenantLimit
            )
            let sent = SystemClock.uptime
            // Do not delay the heartbeat when the store is slow.
            guard held.isEmpty || sent < nextHeartbeat else { break }
            guard let steps = try callStore(at: sent, { try $0.claim(claim) }) else { return }
            if held.isEmpty { nextHeartbeat = sent + settings.heartbeat }
            accept(steps, at: position, sent: sent)
        }
        // Rotate the topics, so that each is first in turn.
        if turns.count > 1 { turns.append(turns.removeFirst()) }
    }

    /// Hands over the steps that can end in time, and returns the others to the queue.
    private mutating func accept(_ steps: [ClaimedStep], at position: Int, sent: Duration) {
        let topic = turns[position].topic
        guard !steps.isEmpty else {
            turns[position].emptyRound = round
            turns[position].nextClaim = sent + turns[position].pauses.take()
            // Delayed jobs and jobs with an expired lease may be the only ones left.
            nextMaintenance = min(nextMaintenance, sent + settings.idleMaintenanceInterval)
            return
        }
        turns[position].pauses.reset()
        turns[position].emptyRound = nil
        turns[position].nextClaim = .zero
        let isProbe = turns[position].isProbing
        for step in steps { held[step.lease] = HeldStep(topic: topic, keptAt: sent, isProbe: isProbe) }
        let left = end.remaining
        let fitting = steps.filter { $0.timeout <= left }
        pool.add(fitting.map { Assignment(step: $0, topic: topic) })
        guard fitting.count < steps.count else { return }
        // Claim fewer next time. Steps that are too long now stay too long; shorter ones may be queued behind them.
        turns[position].fitting = max(1, fitting.count)
        turns[position].isTooLong = fitting.isEmpty
        if fitting.isEmpty { log.warning("worker.steps_too_long", ["topic": topic.description]) }
        for step in steps where step.timeout > left { submit(StepResult(step, .released()), at: sent) }
    }

    /// How many steps of a topic to claim now.
    func room(for turn: TopicState) -> Int {
        var limit = WorkerSettings.largestBatch
        if let fitting = turn.fitting { limit = min(limit, fitting) }
        if let most = settings.maxSteps { limit = min(limit, most - report.processed - held.count) }
        if turn.isProbing { limit = min(limit, held.values.contains { $0.topic == turn.topic && $0.isProbe } ? 0 : 1) }
        guard limit > 0 else { return 0 }
        let load = pool.load()
        let waiting = load.waiting.values.reduce(0, +)
        if let batch = settings.batch { return waiting * 2 > batch ? 0 : min(limit, batch - waiting) }
        let free = max(0, settings.threads - load.running - waiting)
        let time = settings.maxQueueTime * settings.threads
        let most = pace.count(of: turn.topic, in: time)
        let reserve = max(0, min(pace.count(of: turn.topic, in: time - pace.work(load.waiting)), most - waiting))
        // Small claims cost as much as large ones, so wait until half of the reserve is used.
        guard free > 0 || reserve * 2 >= most else { return 0 }
        return min(limit, free + reserve)
    }
}
