import Base
public import Core
import Postgres
import Queue

extension StartedRun {
    private static var starting: Action {
        Action("run.start", needs: .write, refusal: "Insufficient permissions to start runs")
    }

    /// Starts a plan: the run, its steps, what happened and the jobs for what can begin are all there, or nothing is.
    ///
    /// - Throws: A `Denial`; 403 `policy_denied`, which names the tools; 429 `queue_full`.
    public static func start(_ request: PlanRequest, in context: inout Context) throws -> StartedRun {
        let (team, plan, settings) = (request.team, request.plan, context.settings)
        _ = try context.user(attempting: starting, on: team)
        guard plan.deniedTools.isEmpty else {
            // Whoever is no member learns no more of the team than from any other plan.
            _ = try context.policy(of: team, attempting: starting)
            throw Problem.policyDenied(plan.deniedTools.map(\.description))
        }
        let id = ID<Run>.make()
        let (steps, graph) = (plan.steps, plan.graph)
        let rows = try context.write(
            """
            SELECT * FROM nofx.start_run(
                \(team), \(id), \(plan.goal.rawValue), NULL, \(plan.deadlineSeconds.map { Duration.seconds($0) }),
                \(settings.queuedStepsPerTeam)::integer, \(settings.queuedSteps)::integer,
                \(steps.map(\.name.rawValue)), \(steps.map(\.tool.description)), \(steps.map(\.tool.topic.description)),
                \(steps.map(\.inputs.json.description)),
                \(graph.dependencies.map(String.init(literalOf:))), \(graph.dependents.map(String.init(literalOf:))),
                \(steps.map { $0.onFailure == .continue }), \(steps.map(\.priority))::integer[],
                \(steps.map(\.retry.maxAttempts))::integer[], \(steps.map(\.timeoutSeconds))::integer[],
                \(steps.map(\.retry.backoff.base.wholeSeconds))::integer[],
                \(steps.map(\.retry.backoff.cap.wholeSeconds))::integer[], \(steps.map(\.delaySeconds))::integer[],
                array_replace(\(steps.map { $0.secretsScope?.rawValue ?? "" }), '', NULL),
                array_replace(\(steps.map { $0.toolsAllowed.map(String.init(literalOf:)) ?? "" }), '', NULL),
                \(context.record)
            )
            """
        )
        guard let row = rows.first else { throw Problem.internal }
        try StartOutcome.check(row, starting, team: team)
        try context.noteActivity(row, "run.started", team: team, ["runId": id, "steps": steps.count])
        return StartedRun(
            id: id,
            steps: steps.indices.map { number in
                let status = Status(isGate: steps[number].tool.isGate, isFree: graph.dependencies[number].isEmpty)
                return Step(name: steps[number].name.rawValue, status: status)
            },
            rerunOf: nil,
            createdAt: try row["created_at"]
        )
    }
}

extension String {
    /// An array of numbers as Postgres writes it (Postgres, section 8.15.2), for arrays of arrays of different lengths.
    fileprivate init(literalOf numbers: [Int]) {
        self = "{\(numbers.map(String.init).joined(separator: ","))}"
    }

    /// An array of names of tools, which need no quotation marks.
    fileprivate init(literalOf tools: [ToolName]) {
        self = "{\(tools.map(\.description).joined(separator: ","))}"
    }
}
