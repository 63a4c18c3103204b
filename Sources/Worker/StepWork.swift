public import Base
public import Core
internal import Postgres
public import System

/// The work of one call of a worker: with the database of the call, and what the environment says.
public enum StepWork {
    /// How much of a call's time is left for telling what was done.
    private static var ending: Duration { .seconds(2) }

    /// Checks the variables that only workers read.
    ///
    /// - Throws: `ConfigurationError` for the first one that cannot be used.
    public static func checkConfiguration(_ environment: Environment) throws(ConfigurationError) {
        _ = try WorkerSettings(environment)
        _ = try StepTools(environment)
    }

    /// Does what there is to do, until there is nothing, or the time is over, or somebody wants the process to end.
    ///
    /// A call that has no deadline waits for more.
    ///
    /// - Parameters:
    ///   - request: How much to do.
    ///   - environment: The variables.
    ///   - context: The call.
    /// - Returns: What was done.
    /// - Throws: `ConfigurationError`, `PostgresError`, or `SystemError` when there is no room for threads.
    public static func run(
        _ request: Request,
        _ environment: Environment,
        in context: inout Context
    ) throws -> WorkerReport {
        var settings = try WorkerSettings(environment)
        settings.isEndless = context.deadline == .distantFuture
        request.apply(to: &settings)
        let tools = try StepTools(environment, budget: context.quotas.aiBudget)
        let (databases, log) = (context.separateDatabases(), context.log)
        var store = PostgresStepStore(databases(), log: log)
        store.answerLimit = settings.answerLimit
        var worker = Worker(store, settings, log: log) {
            tools.toolBox(databases(), log: log)
        }
        let end = settings.isEndless ? Deadline.distantFuture : context.deadline - ending
        let watch = try TerminationWatch(worker.requestStop)
        let report = try worker.run(until: request.budget.map { min(end, .after($0)) } ?? end)
        _ = consume watch
        return report
    }
}
