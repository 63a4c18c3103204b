public import Base
public import Core
import Postgres
import Runs
public import System

/// The work of one runWorker call.
public enum StepWork {
    /// The part of the call's time that is kept for reporting results.
    private static var ending: Duration { .seconds(2) }

    /// Checks the variables that only workers read.
    ///
    /// - Throws: `ConfigurationError` for the first invalid variable.
    public static func checkConfiguration(_ environment: Environment) throws(ConfigurationError) {
        try ToolName.checkDefaults(environment)
        _ = try WorkerSettings(environment)
        _ = try StepTools(environment)
    }

    /// Executes steps until none is due, the time is over or the process is asked to end.
    ///
    /// A call without a deadline waits for more steps.
    ///
    /// - Parameters:
    ///   - request: The limits of this call.
    ///   - environment: The environment variables.
    ///   - context: The call.
    /// - Returns: The counts of what was done.
    /// - Throws: `ConfigurationError`, `PostgresError`, or `SystemError` when threads cannot be started.
    public static func run(
        _ request: Request,
        _ environment: Environment,
        in context: inout Context
    ) throws -> WorkerReport {
        var settings = try WorkerSettings(environment)
        settings.isEndless = context.deadline == .distantFuture
        request.apply(to: &settings)
        let tools = try StepTools(environment, budget: context.quotas.aiBudget)
        settings.abilities = tools.abilities
        let (databases, log) = (context.separateDatabases(), context.log)
        var store = PostgresStepStore(databases(), log: log)
        store.answerLimit = settings.answerLimit
        store.defaultTools = context.quotas.defaultTools
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
    /// The input of runWorker.
    public struct Request: InputObject {
        private let budgetSeconds: Count?
        private let threads: Threads?
        private let maxSteps: StepCount?
        private let topics: [ToolName]?

        public static let schema = Schema(
            .optional("budgetSeconds", Count.self, "How long to work; by default as long as the call may take."),
            .optional("threads", Threads.self, "The number of steps that run at once; by default as configured."),
            .optional("maxSteps", StepCount.self, "The maximum number of steps; by default no limit."),
            .optional("topics", [ToolName].self, "The tools whose steps to run; by default all."),
            into: { budgetSeconds, threads, maxSteps, topics throws(Violations) in
                if let topics {
                    guard !topics.isEmpty else {
                        throw Violations(Violation(field: "topics", .tooShort, "must name a tool"))
                    }
                    if let gate = topics.firstIndex(where: \.isGate) {
                        let field = "topics[\(gate)]"
                        throw Violations(Violation(field: field, .invalidEnum, "must be a tool that workers execute"))
                    }
                }
                return Request(budgetSeconds: budgetSeconds, threads: threads, maxSteps: maxSteps, topics: topics)
            }
        )

        /// How long to work; nil for as long as the call may take.
        var budget: Duration? { budgetSeconds.map { .seconds($0.number) } }

        /// Overrides the operator's settings.
        func apply(to settings: inout WorkerSettings) {
            if let threads { settings.threads = threads.number }
            if let maxSteps { settings.maxSteps = maxSteps.number }
            guard let topics else { return }
            // Several names can share a topic.
            let wanted = Set(topics.map(\.topic))
            settings.topics.removeAll { !wanted.contains($0) }
        }
    }
}

private struct Count: InputValue {
    private static let range = IntegerRule(1...900)

    let number: Int

    static var rule: String { range.description }
    static var form: ValueForm { range.form }

    init(input: JSONValue) throws(Violations) {
        number = try Self.range.read(input)
    }
}

private struct Threads: InputValue {
    private static let range = IntegerRule(WorkerSettings.threadCounts)

    let number: Int

    static var rule: String { range.description }
    static var form: ValueForm { range.form }

    init(input: JSONValue) throws(Violations) {
        number = try Self.range.read(input)
    }
}

private struct StepCount: InputValue {
    private static let range = IntegerRule(1...1_000_000)

    let number: Int

    static var rule: String { range.description }
    static var form: ValueForm { range.form }

    init(input: JSONValue) throws(Violations) {
        number = try Self.range.read(input)
    }
}
