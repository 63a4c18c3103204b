import Core
import Runs
import System
import Worker
import Queue

/// One worker's store of steps in memory.
struct MemoryStepStore: StepStore {
    let steps: TestSteps

    mutating func claim(_ claim: JobClaim) throws -> [ClaimedStep] {
        try steps.state.change { state in
            try state.fail(.claim)
            let taken = state.ready.enumerated().filter { $0.element.topic == claim.topic }.prefix(claim.count)
            for (position, _) in taken.reversed() { state.ready.remove(at: position) }
            state.claims.append((claim.topic, claim.count, taken.count))
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

    mutating func recordStarted(_ leases: [JobLease]) throws {
        try steps.state.change { state in
            try state.fail(.recordStarted)
            state.started += leases.compactMap { state.leased[$0.job]?.step.name }
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
                if case .released(.zero, _) = result.outcome {
                    state.ready.append((entry.topic, entry.step.givenBack()))
                }
                return true
            }
        }
    }

    mutating func maintain() throws {
        try steps.state.change { state in
            try state.fail(.maintain)
            state.maintenanceRuns += 1
            if state.maintenanceTimesOut { throw MaintenanceTimedOut(TestSteps.Unreachable()) }
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
