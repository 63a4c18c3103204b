public import Base
public import Core
import Postgres

extension Artifact {
    /// The input of getArtifact.
    public struct Reference: InputObject {
        let team: ID<Run.Team>
        let run: ID<Run>
        let step: StepName
        let name: ArtifactName

        public static let schema = Schema(
            Field("teamId", ID<Run.Team>.self, "The team."),
            Field("runId", ID<Run>.self, "The run."),
            Field("step", StepName.self, "The name of the step that made it."),
            Field("name", ArtifactName.self, "The name of the artifact, as in getRun."),
            into: Reference.init
        )
    }

    private static var reading: Action {
        Action("artifact.get", needs: .read, refusal: "Insufficient permissions to read artifacts")
    }

    /// Reads an artifact with its content.
    ///
    /// - Throws: A `Denial`; 404 `run_not_found`, `step_not_found` or `artifact_not_found`.
    public static func get(_ reference: Reference, in context: inout Context) throws -> Artifact {
        let (team, run) = (reference.team, reference.run)
        let user = try context.user(attempting: reading, on: team)
        let rows = try context.read(
            """
            WITH caller AS MATERIALIZED (
                SELECT m.role, 'read' = ANY (nofx.permissions(m.role, m.permissions)) AS allowed
                FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id
                WHERE t.id = \(team) AND t.deleted_at IS NULL AND m.user_id = \(user)
            )
            SELECT caller.allowed, caller.role AS caller_role, r.id IS NOT NULL AS has_run,
                   s.no IS NOT NULL AS has_step, a.name IS NOT NULL AS has_artifact,
                   a.name AS artifact_name, a.content_type, encode(a.sha256, 'hex') AS sha256,
                   octet_length(a.content) AS size, a.content, a.created_at AS artifact_created_at
            FROM caller
            LEFT JOIN nofx.runs r ON caller.allowed AND r.team_id = \(team) AND r.id = \(run)
            LEFT JOIN nofx.steps s ON s.team_id = r.team_id AND s.run_id = r.id AND s.name = \(reference.step.rawValue)
            LEFT JOIN nofx.artifacts a ON a.team_id = s.team_id AND a.run_id = s.run_id AND a.step_no = s.no
                                      AND a.name = \(reference.name.rawValue)
            """
        )
        let row = try rows.firstOfRun(reading, team: team)
        guard try row["has_step"] else { throw Problem.stepNotFound }
        guard try row["has_artifact"] else {
            throw Problem(status: 404, code: "artifact_not_found", detail: "The step has no artifact with this name.")
        }
        return try Artifact(row: row)
    }
}
