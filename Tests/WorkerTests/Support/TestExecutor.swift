import Base
import Core
import Runs
import System
import TestSupport
import Worker
import Queue

/// Executes steps with a closure of the test.
struct TestExecutor: StepExecutor {
    let body: @Sendable (ClaimedStep, Cancellation) -> StepOutcome

    mutating func execute(_ step: ClaimedStep, deadline: Deadline, cancellation: Cancellation) -> StepOutcome {
        body(step, cancellation)
    }
}

extension Cancellation {
    /// Waits for the cancellation.
    func wait() {
        try? Poll.until { isCancelled }
    }
}

extension TestSteps {
    /// A worker of these steps.
    func worker(
        topics: [QueueTopic] = [.echo],
        log: Log = .silent,
        _ change: (inout WorkerSettings) -> Void = { _ in },
        doing body: @escaping @Sendable (ClaimedStep, Cancellation) -> StepOutcome = { _, _ in .done }
    ) -> Worker<MemoryStepStore, TestExecutor> {
        var settings = WorkerSettings(topics: topics)
        change(&settings)
        return Worker(MemoryStepStore(steps: self), settings, log: log) { TestExecutor(body: body) }
    }

    /// Runs a worker until no step is due.
    @discardableResult
    func drain(
        topics: [QueueTopic] = [.echo],
        until end: Deadline = .test,
        _ change: (inout WorkerSettings) -> Void = { _ in },
        doing body: @escaping @Sendable (ClaimedStep, Cancellation) -> StepOutcome = { _, _ in .done }
    ) throws -> WorkerReport {
        var worker = worker(topics: topics, change, doing: body)
        return try worker.run(until: end)
    }
}
