public import Base
public import Core
import Postgres

extension Gate {
    /// The input of listGates.
    public struct Request: InputObject {
        let team: ID<Run.Team>
        let run: ID<Run>?
        let status: GateStatus
        let limit: PageLimit
        let cursor: Cursor?

        public static let schema = Schema(
            Field("teamId", ID<Run.Team>.self, "The team."),
            .optional("runId", ID<Run>.self, "Only gates of this run; by default of all runs."),
            .optional("status", GateStatus.self, default: .pending, "Only gates in this state."),
            .optional("limit", PageLimit.self, default: .standard, "The maximum number of gates to return."),
            .optional("cursor", Cursor.self, "The nextCursor of the previous page; by default the first page."),
            into: Request.init
        )

        fileprivate var binding: String { "\(team)/\(run?.description ?? "")/\(status)" }
    }

    private static var listing: Action {
        Action("gate.list", needs: .read, refusal: "Insufficient permissions to list gates")
    }

    private static var endpoint: String { "listGates" }

    /// Lists the gates of a team's runs, newest first.
    ///
    /// - Throws: A `Denial`, or 422 `invalid_cursor` for a cursor of another list, team or filter.
    public static func list(_ request: Request, in context: inout Context) throws -> Page<Gate> {
        let (team, status, binding) = (request.team, request.status, request.binding)
        let user = try context.user(attempting: listing, on: team)
        let after = try request.cursor.map { try Position($0, binding: binding) }
        // The condition on the row's own status repeats the filter so that the server can use the index of pending
        // gates.
        let rows = try context.read(
            """
            WITH caller AS MATERIALIZED (
                SELECT m.role, 'read' = ANY (nofx.permissions(m.role, m.permissions)) AS allowed
                FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id
                WHERE t.id = \(team) AND t.deleted_at IS NULL AND m.user_id = \(user)
            ), page AS (
                SELECT g.*, state.gate_status
                FROM nofx.gates g
                CROSS JOIN LATERAL (
                    SELECT CASE WHEN g.status = 'pending' AND g.expires_at <= now() THEN 'expired'
                                ELSE g.status END AS gate_status
                ) state
                WHERE g.team_id = \(team) AND (SELECT allowed FROM caller) AND state.gate_status = \(status)
                  AND (\(status != .pending) OR g.status = 'pending')
                  AND (\(request.run) IS NULL OR g.run_id = \(request.run))
                  AND (\(after == nil) OR (g.created_at, g.run_id, g.step_no)
                                        < (\(after?.time), \(after?.run), \(after?.number)))
                ORDER BY g.created_at DESC, g.run_id DESC, g.step_no DESC
                LIMIT \(request.limit.count + 1)
            )
            SELECT page.*, page.created_at AS gate_created_at, r.goal, r.created_by,
                   (SELECT s.name FROM nofx.steps s
                    WHERE s.team_id = page.team_id AND s.run_id = page.run_id AND s.no = page.step_no) AS step,
                   page.run_id IS NOT NULL AS is_item, caller.allowed, caller.role AS caller_role
            FROM caller LEFT JOIN page ON true
            LEFT JOIN nofx.runs r ON r.team_id = page.team_id AND r.id = page.run_id
            ORDER BY page.created_at DESC, page.run_id DESC, page.step_no DESC
            """
        )
        return Page(try rows.items(of: listing, in: team), limit: request.limit) { gate in
            Cursor(
                list: endpoint,
                scope: binding,
                keys: [gate.state.createdAt.cursorKey, "\(gate.run)", "\(gate.number)"]
            )
        }
    }

    /// A position in the list.
    private struct Position {
        let time: Timestamp
        let run: ID<Run>
        let number: Int

        init(_ cursor: Cursor, binding: String) throws(Problem) {
            let keys = try cursor.keys(of: endpoint, scope: binding, count: 3)
            guard let run = ID<Run>(keys[1]), let number = Int(keys[2]) else { throw Cursor.refused }
            time = try Timestamp(cursorKey: keys[0])
            (self.run, self.number) = (run, number)
        }
    }
}
