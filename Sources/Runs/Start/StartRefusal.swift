import Base
import Core
import Postgres

/// A refusal that startRun would answer.
struct StartRefusal: OutputObject {
    private let problem: Problem

    init(_ problem: Problem) {
        self.problem = problem
    }

    static let fields: [OutputField<StartRefusal>] = [
        OutputField("status", "The HTTP status of the answer.") { $0.problem.status },
        OutputField("code", "The error code of the answer.") { $0.problem.code },
        OutputField("detail", "The reason, as a sentence.") { $0.problem.detail },
        OutputField("tools", "The tools that are not allowed; null for other reasons.") { $0.problem.lists["tools"] },
        OutputField("secretsScopes", "The secret scopes that are not allowed; null for other reasons.") {
            $0.problem.lists["secretsScopes"]
        },
        OutputField("models", "The AI models and routes that are not allowed; null for other reasons.") {
            $0.problem.lists["models"]
        },
    ]
}

/// All refusals that startRun would answer.
struct StartRefusals {
    /// The answers, in the order of startRun.
    var problems: [Problem] = []

    /// The tools that the team may not use.
    var tools: [String] = []

    /// The secret scopes that the team may not use.
    var scopes: [String] = []

    /// The AI models and routes that the team may not use, as ``NamedModels`` writes them.
    var models: [String] = []
}

extension Context {
    /// All refusals that startRun would answer to a plan now, in its order.
    ///
    /// - Parameters:
    ///   - plan: The plan.
    ///   - team: The team.
    ///   - action: The action that the caller attempts.
    /// - Returns: The refusals.
    /// - Throws: A `Denial` if the caller lacks the permission for the action.
    mutating func refusals(of plan: Plan, in team: ID<Run.Team>, attempting action: Action) throws -> StartRefusals {
        let user = try user(attempting: action, on: team)
        let starting = StartedRun.starting
        var refusals = StartRefusals()
        do {
            _ = try self.user(attempting: starting, on: team)
        } catch let denial as Denial {
            refusals.problems.append(denial.problem)
        }
        let rows = try read(
            """
            SELECT \(action.scope) = ANY (c.permissions) AS allowed, \(starting.scope) = ANY (c.permissions) AS may_start,
                   c.role, r.outcome, r.denied
            FROM (SELECT m.role, nofx.permissions(m.role, m.permissions) AS permissions
                  FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id AND m.user_id = \(user)
                  WHERE t.id = \(team) AND t.deleted_at IS NULL) c
            LEFT JOIN LATERAL nofx.start_refusals(
                \(team), \(plan.steps.map(\.tool.description)), \(plan.steps.compactMap(\.secretsScope?.rawValue)),
                \(quotas.queuedStepsPerTeam)::integer, \(quotas.queuedSteps)::integer,
                \(quotas.defaultTools.names), \(PlanColumns.json(of: plan, team: team).utf8.count), \(quotas.storedBytesPerTeam),
                \(plan.steps.flatMap { $0.namedModels?.labels ?? [] })
            ) WITH ORDINALITY r ON true
            ORDER BY r.ordinality
            """
        )
        guard let row = rows.first else { throw Denial.notMember(action, team: team) }
        let role: Role? = try row["role"]
        guard try row["allowed"] else { throw Denial.missing(action, team: team, role: role) }
        if refusals.problems.isEmpty, !(try row["may_start"]) {
            refusals.problems.append(Denial.missing(starting, team: team, role: role).problem)
        }
        if !plan.deniedTools.isEmpty { refusals.problems.append(.policyDenied(plan.deniedTools.map(\.description))) }
        for index in 0..<rows.count {
            let row = rows[index]
            guard let _: String = try row["outcome"] else { continue }
            let problem = try StartOutcome.refusal(row)
            refusals.problems.append(problem)
            refusals.tools += problem.lists["tools"] ?? []
            refusals.scopes += problem.lists["secretsScopes"] ?? []
            refusals.models += problem.lists["models"] ?? []
        }
        return refusals
    }
}
