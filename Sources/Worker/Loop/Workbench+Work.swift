internal import Base
internal import Runs
internal import System

extension Workbench {
    /// What a thread does: one step after the other, until there will be no more.
    func work<Executor: StepExecutor & ~Copyable>(with makeExecutor: @Sendable () -> Executor) {
        var executor = makeExecutor()
        while let (step, cancellation, isInTime) = next() {
            guard isInTime else {
                finish(Finished(step: step, outcome: .released()))
                continue
            }
            let start = SystemClock.uptime
            let outcome = executor.execute(step, deadline: .after(step.timeout), cancellation: cancellation)
            finish(Finished(step: step, outcome: outcome, took: SystemClock.uptime - start))
        }
        leave()
    }
}
