internal import Base
internal import Core
internal import Runs
internal import System

extension Worker where Store: ~Copyable, Executor: ~Copyable {
    /// The most that is told at once, so that one statement stays small.
    private static var largestBytes: Int { 8 << 20 }

    /// Takes what threads have put down.
    mutating func takeResults(at now: Duration) {
        for finished in bench.collect() { putDown(finished, at: now) }
    }

    /// Keeps a result until it is told, unless the step is not the worker's any more.
    mutating func putDown(_ finished: Finished, at now: Duration) {
        guard let step = held[finished.step.lease] else { return }
        held[finished.step.lease]?.isFinished = true
        var finished = finished
        if step.isStopped, !step.isCancelled, !finished.outcome.isSuccess {
            // It did not fail, it was stopped.
            finished = Finished(step: finished.step, outcome: .released())
        }
        note(finished, of: step, at: now)
        if pending.isEmpty { pendingSince = now }
        pending.append(finished)
    }

    /// Learns from a result.
    private mutating func note(_ finished: Finished, of step: HeldStep, at now: Duration) {
        let topic = step.topic
        guard let position = turns.firstIndex(where: { $0.topic == topic }) else { return }
        if case .released(let wait, .circuitOpen) = finished.outcome {
            let end = now + max(wait, settings.pause.lowerBound)
            guard turns[position].pausedUntil.map({ $0 < end }) ?? true else { return }
            turns[position].pausedUntil = end
            turns[position].isProbing = true
            // The others would hear the same.
            for step in bench.takeBack(where: { $0.topic == topic }) {
                putDown(Finished(step: step, outcome: .released(after: wait, because: .circuitOpen)), at: now)
            }
        } else if let took = finished.took, !finished.outcome.isRelease {
            pace.note(took, of: topic)
            if step.isProbe { turns[position].isProbing = false }
        }
    }

    /// Tells the store what became of steps, when there is enough of it, or it has waited long enough, or there is
    /// nothing else to do.
    mutating func settle(at now: Duration) throws {
        while !pending.isEmpty, isDue(at: now) {
            let batch = nextBatch()
            let results = batch.map { StepResult($0.step, $0.outcome) }
            do throws(StepsRefused) {
                guard let accepted = try ask(at: now, { try $0.finish(results) }) else {
                    mostResults = max(1, batch.count / 2)
                    return
                }
                mostResults = min(mostResults * 2, WorkerSettings.largestBatch)
                pending.removeFirst(batch.count)
                pendingSince = now
                suspects = max(0, suspects - batch.count)
                round += 1
                for (finished, isAccepted) in zip(batch, accepted) { count(finished, isAccepted: isAccepted) }
                // What they led to may be waiting already.
                if bench.isIdle { for position in turns.indices { turns[position].nextClaim = .zero } }
                // A slow store must not keep leases from being made to last.
                guard held.isEmpty || SystemClock.uptime < nextHeartbeat else { return }
            } catch {
                log.error("worker.result_refused", ["count": batch.count, "error": String(reflecting: error.reason)])
                if batch.count > 1 { suspects = batch.count } else { replaceRefused() }
            }
        }
    }

    private func isDue(at now: Duration) -> Bool {
        guard outage.allowsCall(at: now) else { return false }
        return phase != .working || pending.count >= settings.gathered || suspects > 0 || bench.isIdle
            || now - pendingSince >= settings.gathering
    }

    private func nextBatch() -> [Finished] {
        guard suspects == 0 else { return [pending[0]] }
        var bytes = 0
        let batch = pending.prefix(mostResults).prefix { finished in
            defer { bytes += finished.outcome.size }
            return bytes == 0 || bytes + finished.outcome.size <= Self.largestBytes
        }
        return Array(batch)
    }

    /// Says something else of a step whose result is not taken; one whose failure is not taken either is left alone.
    private mutating func replaceRefused() {
        let refused = pending.removeFirst()
        suspects = max(0, suspects - 1)
        if case .succeeded = refused.outcome {
            let failure = StepFailure("result_refused", "The step was done, but its result could not be stored.")
            pending.insert(Finished(step: refused.step, outcome: .failed(failure), took: refused.took), at: 0)
            suspects += 1
        } else {
            held[refused.step.lease] = nil
            report.lost += 1
        }
    }

    private mutating func count(_ finished: Finished, isAccepted: Bool) {
        held[finished.step.lease] = nil
        guard isAccepted else {
            report.lost += 1
            return
        }
        if !finished.outcome.isRelease { report.processed += 1 }
        switch finished.outcome {
        case .succeeded: report.succeeded += 1
        case .failed, .timedOut: report.failed += 1
        case .cancelled: report.cancelled += 1
        case .released: report.released += 1
        }
    }
}

extension StepOutcome {
    fileprivate var isSuccess: Bool {
        if case .succeeded = self { true } else { false }
    }

    fileprivate var isRelease: Bool {
        if case .released = self { true } else { false }
    }

    /// About how many bytes it takes to tell it.
    fileprivate var size: Int {
        guard case .succeeded(let outputs, let artifacts) = self else { return 0 }
        return outputs.bytes.count + artifacts.reduce(0) { $0 + $1.content.count }
    }
}
