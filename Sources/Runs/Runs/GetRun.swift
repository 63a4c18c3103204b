public import Base
public import Core
import Postgres

extension RunDetails {
    /// The input of getRun.
    public struct Request: InputObject {
        let team: ID<Run.Team>
        let run: ID<Run>
        let step: StepName?

        public static let schema = Schema(
            Field("teamId", ID<Run.Team>.self, "The team."),
            Field("runId", ID<Run>.self, "The run."),
            .optional("step", StepName.self, "Only this step; by default all steps."),
            into: Request.init
        )
    }

    private static var reading: Action {
        Action("run.get", needs: .read, refusal: "Insufficient permissions to read runs")
    }

    /// The maximum size of all outputs in an answer, in bytes; it does not apply to a step requested by name.
    private static var outputLimit: Int { 4 << 20 }

    /// Reads a run with its steps.
    ///
    /// Step inputs are shown only to callers with the write permission.
    ///
    /// - Throws: A `Denial`; 404 `run_not_found` or `step_not_found`.
    public static func get(_ request: Request, in context: inout Context) throws -> RunDetails {
        let (team, run, step) = (request.team, request.run, request.step?.rawValue)
        let user = try context.user(attempting: reading, on: team)
        let isWriting = context.caller?.scopes?.contains(.write) ?? true
        let rows = try context.read(
            """
            WITH caller AS MATERIALIZED (
                SELECT m.role, 'read' = ANY (p.permissions) AS allowed,
                       \(isWriting) AND 'write' = ANY (p.permissions) AS sees_inputs
                FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id
                CROSS JOIN LATERAL (SELECT nofx.permissions(m.role, m.permissions) AS permissions) p
                WHERE t.id = \(team) AND t.deleted_at IS NULL AND m.user_id = \(user)
            ), run AS MATERIALIZED (
                SELECT r.*, caller.sees_inputs
                FROM caller JOIN nofx.runs r ON caller.allowed AND r.team_id = \(team) AND r.id = \(run)
            ), jobs AS MATERIALIZED (
                SELECT q.step_no, q.attempt, q.state = 'running' AND q.has_begun AS is_leased
                FROM run JOIN nofx.queue q
                  ON q.id BETWEEN nofx.step_job_id(run.id, 0) AND nofx.step_job_id(run.id, 32767) AND q.run_id = run.id
            ), parents AS MATERIALIZED (
                SELECT e.no, array_agg(d.name ORDER BY e.parent) AS names
                FROM (SELECT s.team_id, s.run_id, s.no, unnest(s.deps) AS parent
                      FROM run JOIN nofx.steps s ON s.team_id = run.team_id AND s.run_id = run.id
                      WHERE \(step) IS NULL OR s.name = \(step)) e
                JOIN nofx.steps d ON d.team_id = e.team_id AND d.run_id = e.run_id AND d.no = e.parent
                GROUP BY e.no
            ), files AS MATERIALIZED (
                SELECT a.step_no, array_agg(a.name ORDER BY a.name) AS artifact_names,
                       array_agg(a.content_type ORDER BY a.name) AS artifact_types,
                       array_agg(encode(a.sha256, 'hex') ORDER BY a.name) AS artifact_hashes,
                       array_agg(octet_length(a.content)::bigint ORDER BY a.name) AS artifact_sizes,
                       array_agg(a.created_at ORDER BY a.name) AS artifact_times
                FROM run JOIN nofx.artifacts a ON a.team_id = run.team_id AND a.run_id = run.id
                GROUP BY a.step_no
            ), found AS (
                SELECT s.no, s.name, s.tool, coalesce(j.attempt, s.attempt) AS attempt, s.max_attempts, s.error,
                       s.queued_at, s.started_at, s.ended_at AS step_ended_at,
                       CASE WHEN j.is_leased THEN 'running' ELSE s.status END AS step_status,
                       coalesce(p.names, '{}') AS dependencies,
                       CASE WHEN run.sees_inputs THEN s.inputs END AS inputs, s.outputs,
                       \(step) IS NULL
                       AND sum(octet_length(s.outputs::text)) OVER (ORDER BY s.no) > \(outputLimit) AS is_beyond,
                       g.step_no IS NOT NULL AS is_gate_reached, g.message, g.required_role, g.allows_waiver,
                       g.four_eyes, g.created_at AS gate_created_at, g.expires_at, g.decided_by, g.decided_at, g.reason,
                       CASE WHEN g.status = 'pending' AND g.expires_at <= now() THEN 'expired'
                            ELSE g.status END AS gate_status,
                       f.artifact_names, f.artifact_types, f.artifact_hashes, f.artifact_sizes, f.artifact_times
                FROM run JOIN nofx.steps s ON s.team_id = run.team_id AND s.run_id = run.id
                LEFT JOIN jobs j ON j.step_no = s.no
                LEFT JOIN parents p ON p.no = s.no
                LEFT JOIN files f ON f.step_no = s.no
                LEFT JOIN nofx.gates g ON g.team_id = s.team_id AND g.run_id = s.run_id AND g.step_no = s.no
                WHERE \(step) IS NULL OR s.name = \(step)
            )
            SELECT caller.allowed, caller.role AS caller_role, run.id IS NOT NULL AS has_run, run.id AS run_id, run.goal,
                   run.status, run.steps_total, run.steps_open, run.steps_failed, run.steps_tolerated,
                   run.steps_cancelled, run.rerun_of, run.created_by, run.created_at, run.deadline_at,
                   run.cancel_requested_at, run.ended_at,
                   found.no, found.name, found.tool, found.step_status, found.dependencies, found.attempt,
                   found.max_attempts, found.inputs, CASE WHEN NOT coalesce(is_beyond, false) THEN outputs END AS outputs,
                   coalesce(is_beyond AND outputs IS NOT NULL, false) AS leaves_outputs_out, found.error,
                   found.queued_at, found.started_at, found.step_ended_at, found.is_gate_reached, found.gate_status,
                   found.message, found.required_role, found.allows_waiver, found.four_eyes, found.gate_created_at,
                   found.expires_at, found.decided_by, found.decided_at, found.reason, found.artifact_names,
                   found.artifact_types, found.artifact_hashes, found.artifact_sizes, found.artifact_times
            FROM caller LEFT JOIN run ON true LEFT JOIN found ON true
            ORDER BY found.no
            """
        )
        let row = try rows.firstOfRun(reading, team: team)
        guard try row["no"] as Int? != nil else { throw Problem.stepNotFound }
        return RunDetails(summary: try RunSummary(row: row), steps: try rows.decode())
    }
}
