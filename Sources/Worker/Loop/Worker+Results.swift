internal import Base
internal import Core
internal import Runs
internal import System

extension Worker where Store: ~Copyable, Executor: ~Copyable {
    /// The maximum size of one report in bytes, which keeps its statement small.
    private static var largestBytes: Int { 8 << 20 }

    /// Collects the results of the threads.
    mutating func takeResults(at now: Duration) {
        for result in pool.collect() { submit(result, at: now) }
    }

    /// Keeps a result until it is reported, unless the lease is lost.
    mutating func submit(_ result: StepResult, at now: Duration) {
        guard let step = held[result.step.lease] else { return }
        held[result.step.lease]?.isFinished = true
        var result = result
        if step.isStopped, !step.isCancelled, !result.outcome.isSuccess, !result.outcome.isRelease {
            // The worker stopped the attempt, so it is no failure of the step.
            result = StepResult(result.step, .interrupted, duration: result.duration)
        }
        result = result.retriedWithinPolicy
        record(result, of: step, at: now)
        if pending.isEmpty { pendingSince = now }
        pending.append(result)
    }

    /// Updates the topic's state from a result.
    private mutating func record(_ result: StepResult, of step: HeldStep, at now: Duration) {
        let topic = step.topic
        guard let position = turns.firstIndex(where: { $0.topic == topic }) else { return }
        if case .released(let wait, .needsClosed(let needs)) = result.outcome {
            for need in needs { close(need, until: now + max(wait, settings.pause.lowerBound)) }
            // With one provider left, the steps that need any of them go on.
            guard let end = closedNeeds[StepNeed.anyProvider], end > now else { return }
            guard turns[position].pausedUntil.map({ $0 < end }) ?? true else { return }
            turns[position].pausedUntil = end
            turns[position].isProbing = true
            // The waiting steps of the topic would be rejected too.
            for step in pool.withdraw(where: { $0.topic == topic && !$0.hasBegun }) {
                submit(StepResult(step, .released(after: end - now, because: .circuitOpen)), at: now)
            }
        } else if let took = result.duration, !result.outcome.isRelease {
            pace.record(took, of: topic)
            if step.isProbe { turns[position].isProbing = false }
        }
    }

    /// Claims no steps with a need until then; if no provider is left, none that need any provider.
    private mutating func close(_ need: String, until end: Duration) {
        closedNeeds[need] = max(closedNeeds[need] ?? .zero, end)
        let ends = abilities.filter { $0.hasPrefix("\(StepNeed.anyProvider):") }.map { closedNeeds[$0] ?? .zero }
        guard let first = ends.min() else { return }
        closedNeeds[StepNeed.anyProvider] = max(closedNeeds[StepNeed.anyProvider] ?? .zero, first)
    }

    /// Reports results to the store when a batch is full, when the oldest result has waited long enough, or when no
    /// step is left.
    mutating func settle(at now: Duration) throws {
        while !pending.isEmpty, isDue(at: now) {
            let batch = nextBatch()
            do throws(StoreRefusal) {
                guard let accepted = try callStore(at: now, { try $0.finish(batch) }) else {
                    maxBatch = max(1, batch.count / 2)
                    return
                }
                maxBatch = min(maxBatch * 2, WorkerSettings.largestBatch)
                pending.removeFirst(batch.count)
                pendingSince = now
                retryIndividually = max(0, retryIndividually - batch.count)
                round += 1
                for (result, isAccepted) in zip(batch, accepted) { count(result, isAccepted: isAccepted) }
                // Dependent steps may be due now.
                let isIdle = pool.isIdle
                for position in turns.indices where isIdle || turns[position].leftTeamsOut {
                    turns[position].nextClaim = .zero
                }
                // Do not delay the heartbeat when the store is slow.
                guard held.isEmpty || SystemClock.uptime < nextHeartbeat else { return }
            } catch {
                log.error("worker.result_refused", ["count": batch.count, "error": String(reflecting: error.reason)])
                if batch.count > 1 { retryIndividually = batch.count } else { replaceRefused() }
            }
        }
    }

    private func isDue(at now: Duration) -> Bool {
        guard outage.allowsCall(at: now) else { return false }
        return phase != .working || pending.count >= settings.resultBatch || retryIndividually > 0 || pool.isIdle
            || now - pendingSince >= settings.resultDelay
    }

    private func nextBatch() -> [StepResult] {
        guard retryIndividually == 0 else { return [pending[0]] }
        var bytes = 0
        let batch = pending.prefix(maxBatch).prefix { result in
            defer { bytes += result.outcome.size }
            return bytes == 0 || bytes + result.outcome.size <= Self.largestBytes
        }
        return Array(batch)
    }

    /// Replaces a success that the store refuses by a failure.
    ///
    /// A failure that it refuses is dropped.
    private mutating func replaceRefused() {
        let refused = pending.removeFirst()
        retryIndividually = max(0, retryIndividually - 1)
        if case .succeeded = refused.outcome {
            let failure = StepFailure("result_refused", "The step succeeded, but its result could not be stored.")
            pending.insert(StepResult(refused.step, .failed(failure), duration: refused.duration), at: 0)
            retryIndividually += 1
        } else {
            held[refused.step.lease] = nil
            report.lost += 1
        }
    }

    private mutating func count(_ result: StepResult, isAccepted: Bool) {
        held[result.step.lease] = nil
        guard isAccepted else {
            report.lost += 1
            return
        }
        if !result.outcome.isRelease { report.processed += 1 }
        switch result.outcome {
        case .succeeded: report.succeeded += 1
        case .failed, .timedOut: report.failed += 1
        case .cancelled: report.cancelled += 1
        case .interrupted: report.interrupted += 1
        case .released: report.released += 1
        }
    }
}

extension StepResult {
    /// The result with a wait that the step's policy allows.
    fileprivate var retriedWithinPolicy: StepResult {
        guard case .failed(let failure) = outcome else { return self }
        return StepResult(step, .failed(failure.retried(within: step.backoff.cap)), duration: duration)
    }
}

extension StepOutcome {
    fileprivate var isSuccess: Bool {
        if case .succeeded = self { true } else { false }
    }

    fileprivate var isRelease: Bool {
        if case .released = self { true } else { false }
    }

    /// The approximate size of the report in bytes.
    fileprivate var size: Int {
        guard case .succeeded(let outputs, let artifacts) = self else { return 0 }
        return outputs.bytes.count + artifacts.reduce(0) { $0 + $1.content.count }
    }
}
