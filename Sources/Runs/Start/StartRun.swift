import Base
public import Core
import Postgres
import Queue

extension StartedRun {
    static var starting: Action {
        Action("run.start", needs: .write, refusal: "Insufficient permissions to start runs")
    }

    /// Starts a plan.
    ///
    /// One transaction writes the run, its steps, its first events and the jobs of the steps that are due.
    ///
    /// - Throws: A `Denial`; 403 `policy_denied`, which names the tools; 429 `queue_full` or `storage_full`.
    public static func start(_ request: PlanRequest, in context: inout Context) throws -> StartedRun {
        let (team, plan, quotas) = (request.team, request.plan, context.quotas)
        _ = try context.user(attempting: starting, on: team)
        // The function start_run finds all refusals but those by the plan itself. The membership is checked before them, so
        // that a caller who is not a member gets the same answer for every plan.
        if !plan.deniedTools.isEmpty,
            let refusal = try context.refusals(of: plan, in: team, attempting: starting).problems.first
        {
            throw refusal
        }
        let id = ID<Run>.make()
        let (steps, graph) = (plan.steps, plan.graph)
        let rows = try context.write(
            """
            SELECT * FROM nofx.start_run(
                \(team), \(id), \(plan.goal.rawValue), NULL, \(plan.deadlineSeconds.map { Duration.seconds($0) }),
                \(quotas.queuedStepsPerTeam)::integer, \(quotas.queuedSteps)::integer,
                \(PlanColumns.json(of: plan, team: team))::json, \(context.record), \(quotas.defaultTools.names),
                \(quotas.storedBytesPerTeam), \(context.log.trace.context?.stored)
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

/// The steps of a plan as `nofx.start_run` takes them: one array a column, with one element a step.
enum PlanColumns {
    static func json(of plan: Plan, team: ID<Run.Team>) -> String {
        let (steps, graph) = (plan.steps, plan.graph)
        var json = JSONWriter(reserving: 512 * steps.count)
        json.object { json in
            json.column("name", steps) { $0.name.rawValue }
            json.column("tool", steps) { $0.tool.description }
            json.column("topic", steps) { $0.tool.topic.description }
            json.column("inputs", steps) { $0.inputs.json }
            json.column("deps", graph.dependencies) { literal($0) }
            json.column("dependents", graph.dependents) { literal($0) }
            json.column("continues", steps) { $0.onFailure == .continue }
            json.column("priority", steps) { $0.priority }
            json.column("max_attempts", steps) { $0.retry.maxAttempts }
            json.column("timeout_s", steps) { $0.timeoutSeconds }
            json.column("retry_base_s", steps) { $0.retry.backoff.base.wholeSeconds }
            json.column("retry_cap_s", steps) { $0.retry.backoff.cap.wholeSeconds }
            json.column("delay_s", steps) { $0.delaySeconds }
            if steps.contains(where: { $0.secretsScope != nil }) {
                json.column("secrets_scope", steps) { $0.secretsScope?.rawValue }
            }
            if steps.contains(where: { $0.toolsAllowed != nil }) {
                json.column("tools_allowed", steps) { $0.toolsAllowed.map(literal) }
            }
            if steps.contains(where: \.isIdempotent) { json.column("is_idempotent", steps) { $0.isIdempotent } }
            let needs = steps.map { StepNeed.needs(of: $0, team: team.uuid) }
            if needs.contains(where: { !$0.isEmpty }) {
                json.column("needs", needs) { $0.isEmpty ? nil : literal($0) }
            }
            let models = steps.map { $0.namedModels?.labels ?? [] }
            if models.contains(where: { !$0.isEmpty }) {
                json.column("models", models) { $0.isEmpty ? nil : literal($0.map(quoted)) }
            }
        }
        return String(decoding: json.bytes, as: UTF8.self)
    }

    /// A Postgres array literal (Postgres, section 8.15.2); numbers and names of tools, providers and scopes are
    /// written without quotes.
    private static func literal(_ elements: [some CustomStringConvertible]) -> String {
        "{\(elements.map(\.description).joined(separator: ","))}"
    }

    /// An element of such a literal that may have any characters.
    private static func quoted(_ element: String) -> String {
        // By scalar: with a combining mark after it, a quotation mark is another character.
        let scalars = element.unicodeScalars.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : "\($0)" }
        return "\"\(scalars.joined())\""
    }
}

extension JSONWriter {
    fileprivate mutating func column<Row>(_ name: String, _ rows: [Row], _ value: (Row) -> some JSONEncodable) {
        member(name) { json in
            json.array { json in
                for row in rows { json.element(value(row)) }
            }
        }
    }
}
