import Queue

internal import Base
internal import Core
internal import Runs
internal import System

extension Worker where Store: ~Copyable, Executor: ~Copyable {
    /// Maintains the queue at the start and then at every interval.
    mutating func maintain(at now: Duration) throws {
        guard phase == .working, nextMaintenance <= now, outage.allowsCall(at: now) else { return }
        do {
            let hasMore = try store.maintain()
            outage.end()
            nextMaintenance = hasMore ? now : now + settings.maintenanceInterval
        } catch let refusal as StoreRefusal {
            throw refusal
        } catch let failure as MaintenanceTimedOut {
            // This does not show that the store is down; the next claim does. There may be steps to claim.
            log.warning("worker.maintenance_timed_out", ["error": String(reflecting: failure.reason)])
            nextMaintenance = SystemClock.uptime + settings.idleMaintenanceInterval
        } catch {
            outage.record(error, at: SystemClock.uptime)
        }
        try noteAbilities(at: SystemClock.uptime)
    }

    /// Says what this worker can do, and tells operators of steps that no worker can do.
    private mutating func noteAbilities(at now: Duration) throws {
        guard nextNote <= now else { return }
        nextNote = now + settings.noteInterval
        abilities = settings.abilities()
        let kind = kind
        guard let undoable = try callStore(at: now, { try $0.note(kind) }) else { return }
        for (topic, count) in undoable {
            log.error("worker.steps_undoable", ["topic": topic.description, "count": count])
        }
    }

    /// What this worker can do.
    var kind: WorkerKind {
        let isEndless = end == .distantFuture
        let longest = isEndless ? StepClaim.anyTimeouts.upperBound : Int(clamping: timeGiven.components.seconds)
        return WorkerKind(topics: settings.topics, abilities: abilities, longest: longest)
    }

    /// Extends leases, drops steps whose lease may have expired, and records the begin of steps that take a while.
    mutating func keepLeases(at now: Duration) throws {
        if held.isEmpty {
            nextHeartbeat = now + settings.heartbeat
            return
        }
        if nextHeartbeat <= now { try sendHeartbeat(at: now) }
        // The heartbeat may have taken long to fail, so read the clock again.
        let late = SystemClock.uptime + settings.leaseMargin - settings.lease
        let ending = held.filter { $0.value.keptAt <= late }.map(\.key)
        if !ending.isEmpty { drop(ending, because: "no_heartbeat") }
        let begun = pool.unrecorded(since: now - settings.recordStartAfter).filter { held[$0] != nil }
        if !begun.isEmpty { _ = try callStore(at: now) { try $0.begin(begun) } }
    }

    /// Shows what watched steps have written, at most once a second.
    mutating func showTexts(at now: Duration) throws {
        guard nextTexts <= now else { return }
        let watched = watchedSteps
        guard !watched.isEmpty else { return }
        nextTexts = now + Self.textInterval
        let texts = pool.texts(of: watched)
        guard !texts.isEmpty, let stillWatched = try callStore(at: now, { try $0.show(texts) }) else { return }
        for lease in texts.keys where !stillWatched.contains(lease) { held[lease]?.isWatched = false }
    }

    /// The steps that someone watches and that have not ended.
    var watchedSteps: [JobLease] { held.filter { $0.value.isWatched && !$0.value.isFinished }.map(\.key) }

    private static var textInterval: Duration { .seconds(1) }

    private mutating func sendHeartbeat(at now: Duration) throws {
        let leases = Array(held.keys)
        let lease = settings.lease
        guard let states = try callStore(at: now, { try $0.heartbeat(leases, extendingBy: lease) }) else { return }
        nextHeartbeat = now + settings.heartbeat
        var lost: [JobLease] = []
        for (lease, state) in zip(leases, states) {
            switch state {
            case .held, .watched:
                held[lease]?.keptAt = now
                held[lease]?.isWatched = state == .watched
            case .cancelled:
                held[lease]?.keptAt = now
                held[lease]?.isCancelled = true
            case .lost: lost.append(lease)
            }
        }
        endCancelled(at: now)
        if !lost.isEmpty { drop(lost, because: "lost") }
    }

    /// Stops the steps of cancelled runs; those that wait for a thread end at once.
    private mutating func endCancelled(at now: Duration) {
        let cancelled = held.filter { $0.value.isCancelled && !$0.value.isFinished }
        guard !cancelled.isEmpty else { return }
        for step in pool.withdraw(where: { cancelled[$0.step.lease] != nil }) {
            submit(StepResult(step, .cancelled), at: now)
        }
        pool.cancel(cancelled.keys)
    }

    /// Stops steps whose lease is lost, and discards their results.
    private mutating func drop(_ leases: [JobLease], because reason: String) {
        log.warning("worker.steps_dropped", ["count": leases.count, "reason": reason])
        let dropped = Set(leases)
        for lease in leases { held[lease] = nil }
        _ = pool.withdraw { dropped.contains($0.step.lease) }
        pool.cancel(leases)
        pending.removeAll { dropped.contains($0.step.lease) }
        report.lost += leases.count
    }
}
