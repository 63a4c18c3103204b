public import Base
public import Core
import Postgres
import Runs
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

extension StepWork {
    /// How much a call of a worker is to do.
    public struct Request: InputObject {
        private let budgetSeconds: Count?
        private let threads: Threads?
        private let maxSteps: StepCount?
        private let topics: [ToolName]?

        public static let schema = Schema(
            .optional("budgetSeconds", Count.self, "How long to work; by default as long as the call may take."),
            .optional("threads", Threads.self, "How many steps to do at once; by default as the operator configured."),
            .optional("maxSteps", StepCount.self, "How many steps to do."),
            .optional("topics", [ToolName].self, "The tools whose steps to do; by default all."),
            into: { budgetSeconds, threads, maxSteps, topics throws(Violations) in
                if let topics {
                    guard !topics.isEmpty else {
                        throw Violations(Violation(field: "topics", .tooShort, "must name a tool"))
                    }
                    if let gate = topics.firstIndex(where: \.isGate) {
                        let field = "topics[\(gate)]"
                        throw Violations(Violation(field: field, .invalidEnum, "must be a tool that workers do"))
                    }
                }
                return Request(budgetSeconds: budgetSeconds, threads: threads, maxSteps: maxSteps, topics: topics)
            }
        )

        /// How long to work; nil for as long as the call may take.
        var budget: Duration? { budgetSeconds.map { .seconds($0.number) } }

        /// Changes what the operator configured.
        func apply(to settings: inout WorkerSettings) {
            if let threads { settings.threads = threads.number }
            if let maxSteps { settings.maxSteps = maxSteps.number }
            guard let topics else { return }
            // Several names may stand for one tool.
            let wanted = Set(topics.map(\.topic))
            settings.topics.removeAll { !wanted.contains($0) }
        }
    }
}

/// A number of seconds.
private struct Count: InputValue {
    private static let range = IntegerRule(1...900)

    let number: Int

    static var rule: String { range.description }

    init(input: JSONValue) throws(Violations) {
        number = try Self.range.read(input)
    }
}

/// A number of threads.
private struct Threads: InputValue {
    private static let range = IntegerRule(WorkerSettings.threadCounts)

    let number: Int

    static var rule: String { range.description }

    init(input: JSONValue) throws(Violations) {
        number = try Self.range.read(input)
    }
}

/// A number of steps.
private struct StepCount: InputValue {
    private static let range = IntegerRule(1...1_000_000)

    let number: Int

    static var rule: String { range.description }

    init(input: JSONValue) throws(Violations) {
        number = try Self.range.read(input)
    }
}
