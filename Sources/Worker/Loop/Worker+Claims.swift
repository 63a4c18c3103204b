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
            guard let timeouts = fittingTimeouts(of: turn.topic) else {
                turns[position].emptyRound = round
                continue
            }
            let isOverdue = held.isEmpty && turn.emptyRound != round
            guard !turn.isPaused(at: now), turn.nextClaim <= now || isOverdue else { continue }
            let load = pool.load(occupiedSince: SystemClock.uptime - settings.maxQueueTime)
            let count = room(for: turn, load)
            guard count > 0 else { continue }
            var claim = StepClaim(
                JobClaim(
                    turn.topic,
                    count: count,
                    lease: settings.lease,
                    topicLimit: settings.topicLimits[turn.topic],
                    tenantLimit: settings.tenantLimit
                )
            )
            claim.except = load.fullTeams
            // Of steps that do not wait for each other a team gets as many as it may have threads.
            if settings.batch == nil, count <= settings.threads { claim.share = settings.teamThreads }
            claim.timeouts = timeouts
            claim.abilities = abilities(at: now)
            let sent = SystemClock.uptime
            // Do not delay the heartbeat when the store is slow.
            guard held.isEmpty || sent < nextHeartbeat else { break }
            guard let steps = try callStore(at: sent, { try $0.claim(claim) }) else { return }
            if held.isEmpty { nextHeartbeat = sent + settings.heartbeat }
            turns[position].leftTeamsOut = !load.fullTeams.isEmpty
            accept(steps, at: position, sent: sent)
        }
        // Rotate the topics, so that each is first in turn.
        if turns.count > 1 { turns.append(turns.removeFirst()) }
    }

    /// The time limits, in seconds, of the steps for which there is time; nil if there is time for none.
    ///
    /// The default limit, 0, is cut to what is left, so that each step gets at least half of the worker's time.
    private func fittingTimeouts(of topic: QueueTopic) -> ClosedRange<Int>? {
        guard end < .distantFuture else { return StepClaim.anyTimeouts }
        let left = end.remaining
        let usual = Duration.seconds(topic.defaultTimeoutSeconds)
        let shortest = left > .zero && left >= min(usual, timeGiven / 2) ? 0 : 1
        let longest = Int(clamping: left.components.seconds)
        return shortest <= longest ? shortest...longest : nil
    }

    /// Hands over claimed steps.
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
        turns[position].beginsFirst = steps[0].beginsFirst
        let isProbe = turns[position].isProbing
        for step in steps { held[step.lease] = HeldStep(topic: topic, keptAt: sent, isProbe: isProbe) }
        pool.add(steps.map { Assignment(step: $0, topic: topic, since: sent) })
    }

    /// Begins the steps that the free threads start next, if they have to begin first.
    mutating func begin(at now: Duration) throws {
        guard phase == .working else { return }
        let leases = pool.beginnable()
        guard !leases.isEmpty, let begun = try callStore(at: now, { try $0.begin(leases) }) else { return }
        pool.start(begun)
        let refused = Set(leases).subtracting(begun)
        guard !refused.isEmpty else { return }
        // Their leases are lost or their runs are being cancelled: the store tells which.
        for step in pool.withdraw(where: { refused.contains($0.step.lease) }) {
            submit(StepResult(step, .released()), at: now)
        }
    }

    /// Returns steps to the queue that no thread could start for a while, for other workers to claim.
    mutating func returnWaiting(at now: Duration) {
        let late = now - settings.longestWait
        for step in pool.withdraw(where: { !$0.hasBegun && $0.since <= late }) {
            submit(StepResult(step, .released()), at: now)
        }
    }

    /// What the worker can use now of what steps may need: no step is claimed whose provider is closed.
    private func abilities(at now: Duration) -> [String] {
        guard closedNeeds.values.contains(where: { $0 > now }) else { return abilities }
        return abilities.filter { closedNeeds[$0].map { $0 <= now } ?? true }
    }

    /// How many steps of a topic to claim now.
    func room(for turn: TopicState, _ load: PoolLoad) -> Int {
        var limit = WorkerSettings.largestBatch
        if let most = settings.maxSteps { limit = min(limit, most - report.processed - held.count) }
        if turn.isProbing { limit = min(limit, held.values.contains { $0.topic == turn.topic && $0.isProbe } ? 0 : 1) }
        let threads = settings.threads - load.occupied
        guard limit > 0, threads > 0 else { return 0 }
        let waiting = load.waiting.values.reduce(0, +)
        if let batch = settings.batch { return waiting * 2 > batch ? 0 : min(limit, batch - waiting) }
        let free = max(0, settings.threads - load.running - waiting)
        let time = settings.maxQueueTime * threads
        let foreseen = pace.count(of: turn.topic, in: time)
        let most = turn.beginsFirst ? min(foreseen, threads) : foreseen
        let reserve = max(0, min(pace.count(of: turn.topic, in: time - pace.work(load.waiting)), most - waiting))
        // Small claims cost as much as large ones, so wait until half of the reserve is used.
        guard free > 0 || reserve * 2 >= most else { return 0 }
        return min(limit, free + reserve)
    }
}
