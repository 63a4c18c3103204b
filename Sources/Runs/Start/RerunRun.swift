public import Base
public import Core
import Postgres

extension StartedRun {
    /// The input of rerunRun.
    public struct Again: InputObject {
        let team: ID<Run.Team>
        let run: ID<Run>

        public static let schema = Schema(
            Field("teamId", ID<Run.Team>.self, "The team."),
            Field("runId", ID<Run>.self, "The run to repeat, in any status."),
            into: Again.init
        )
    }

    private static var rerunning: Action {
        Action("run.rerun", needs: .write, refusal: "Insufficient permissions to start runs")
    }

    /// Starts a new run with the plan of an existing run; it executes every step again.
    ///
    /// - Throws: A `Denial`; 404 `run_not_found`, 403 `policy_denied`, 429 `queue_full` or `storage_full`.
    public static func rerun(_ again: Again, in context: inout Context) throws -> StartedRun {
        let (team, quotas) = (again.team, context.quotas)
        _ = try context.user(attempting: rerunning, on: team)
        let id = ID<Run>.make()
        let rows = try context.write(
            """
            SELECT n.*, s.names, s.gates, s.roots
            FROM nofx.rerun(\(team), \(again.run), \(id), \(quotas.queuedStepsPerTeam)::integer,
                            \(quotas.queuedSteps)::integer, \(context.record), \(quotas.defaultTools.names),
                            \(quotas.storedBytesPerTeam), \(context.log.trace.context?.stored)) n,
                 (SELECT array_agg(name ORDER BY no) AS names, array_agg(is_gate ORDER BY no) AS gates,
                         array_agg(deps = '{}' ORDER BY no) AS roots
                  FROM nofx.steps WHERE team_id = \(team) AND run_id = \(again.run)) s
            """
        )
        guard let row = rows.first else { throw Problem.internal }
        try StartOutcome.check(row, rerunning, team: team)
        let names: [String] = try row["names"]
        let (gates, roots): ([Bool], [Bool]) = (try row["gates"], try row["roots"])
        try context.noteActivity(row, "run.started", team: team, ["runId": id, "steps": names.count])
        return StartedRun(
            id: id,
            steps: names.indices.map { number in
                Step(name: names[number], status: Status(isGate: gates[number], isFree: roots[number]))
            },
            rerunOf: again.run,
            createdAt: try row["created_at"]
        )
    }
}
