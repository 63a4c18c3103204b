import Base
import Core
import Runs
import System
import Worker
import Queue

/// One worker's store of steps in memory.
struct MemoryStepStore: StepStore {
    let steps: TestSteps

    mutating func claim(_ claim: StepClaim) throws -> [ClaimedStep] {
        try steps.state.change { state in
            try state.fail(.claim)
            var counts: [UUID: Int] = [:]
            let taken = state.ready.enumerated().filter { _, entry in
                guard entry.topic == claim.job.topic, !claim.except.contains(entry.step.team),
                    claim.timeouts.contains(Int(entry.step.timeout?.components.seconds ?? 0))
                else { return false }
                counts[entry.step.team, default: 0] += 1
                return counts[entry.step.team, default: 0] <= claim.share ?? .max
            }.prefix(claim.job.count)
            for (position, _) in taken.reversed() { state.ready.remove(at: position) }
            state.claims.append((claim.job.topic, claim.job.count, taken.count))
            return taken.map { _, entry in
                let step = entry.step.claimedAgain()
                state.leased[step.lease.job] = (entry.topic, step)
                return step
            }
        }
    }

    mutating func heartbeat(_ leases: [JobLease], extendingBy lease: Duration) throws -> [LeaseState] {
        try steps.state.change { state in
            try state.fail(.heartbeat)
            state.heartbeats += 1
            return leases.map { lease in
                guard let step = state.leased[lease.job]?.step, step.lease == lease else { return .lost }
                if state.lost.contains(step.name) {
                    state.leased[lease.job] = nil
                    return .lost
                }
                return state.cancelled.contains(step.name) ? .cancelled : .held
            }
        }
    }

    mutating func begin(_ leases: [JobLease]) throws -> Set<JobLease> {
        try steps.state.change { state in
            try state.fail(.begin)
            let held = leases.filter { state.leased[$0.job]?.step.lease == $0 }
            state.started += held.compactMap { state.leased[$0.job]?.step.name }
            return Set(held)
        }
    }

    mutating func finish(_ results: [StepResult]) throws -> [Bool] {
        try steps.state.change { state in
            try state.fail(.finish)
            guard results.count <= state.maxBatch else { throw TestSteps.Unreachable() }
            for result in results where state.poison.contains(result.step.name) {
                if case .succeeded = result.outcome { throw StoreRefusal(TestSteps.Poisonous()) }
            }
            return results.map { result in
                guard let entry = state.leased[result.step.lease.job], entry.step.lease == result.step.lease else {
                    return false
                }
                state.leased[result.step.lease.job] = nil
                state.results.append((result.step.name, result.outcome))
                switch result.outcome {
                case .released(.zero, _): state.ready.append((entry.topic, entry.step.givenBack()))
                case .interrupted: state.ready.append(entry)
                default: break
                }
                return true
            }
        }
    }

    mutating func maintain() throws -> Bool {
        try steps.state.change { state in
            try state.fail(.maintain)
            state.maintenanceRuns += 1
            if state.maintenanceTimesOut { throw MaintenanceTimedOut(TestSteps.Unreachable()) }
            return false
        }
    }

    mutating func note(_ kind: WorkerKind) throws -> [QueueTopic: Int] {
        steps.state.change { state in
            state.notes += 1
            return state.undoable
        }
    }

    mutating func backlog(for kind: WorkerKind) throws -> StepBacklog {
        steps.state.change { state in
            var backlog = StepBacklog()
            for entry in state.ready where kind.topics.contains(entry.topic) {
                if Int(entry.step.timeout?.components.seconds ?? 0) <= kind.longest {
                    backlog.hasMore = true
                } else {
                    backlog.tooLong[entry.topic, default: 0] += 1
                }
            }
            return backlog
        }
    }
}

extension TestSteps.State {
    fileprivate mutating func fail(_ call: TestSteps.Call) throws(TestSteps.Unreachable) {
        guard let left = failures[call], left > 0 else { return }
        failures[call] = left - 1
        throw TestSteps.Unreachable()
    }
}

extension ClaimedStep {
    fileprivate func claimedAgain() -> ClaimedStep { again(fence: lease.fence + 1, attempt: attempt + 1) }
    fileprivate func givenBack() -> ClaimedStep { again(fence: lease.fence, attempt: attempt - 1) }

    private func again(fence: Int64, attempt: Int) -> ClaimedStep {
        ClaimedStep(
            lease: JobLease(job: lease.job, fence: fence),
            team: team,
            run: run,
            number: number,
            name: name,
            tool: tool,
            inputs: inputs,
            attempt: attempt,
            timeout: timeout
        )
    }
}
