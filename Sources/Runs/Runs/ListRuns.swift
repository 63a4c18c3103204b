public import Base
public import Core
import Postgres

extension RunSummary {
    /// The input of listRuns.
    public struct Request: InputObject {
        let team: ID<Run.Team>
        let status: RunStatus?
        let after: Timestamp?
        let before: Timestamp?
        let limit: PageLimit
        let cursor: Cursor?

        public static let schema = Schema(
            Field("teamId", ID<Run.Team>.self, "The team."),
            .optional("status", RunStatus.self, "Only runs with this status; by default all."),
            .optional("createdAfter", Timestamp.self, "Only runs started at this time or later."),
            .optional("createdBefore", Timestamp.self, "Only runs started before this time."),
            .optional("limit", PageLimit.self, default: .standard, "The maximum number of runs to return."),
            .optional("cursor", Cursor.self, "The nextCursor of the previous page; by default the first page."),
            into: { team, status, after, before, limit, cursor throws(Violations) in
                if let after, let before, before <= after {
                    throw Violations(.outOfRange, "createdAfter must be before createdBefore")
                }
                return Request(
                    team: team,
                    status: status,
                    after: after,
                    before: before,
                    limit: limit,
                    cursor: cursor
                )
            }
        )

        fileprivate var binding: String {
            "\(team)/\(after?.cursorKey ?? "")/\(before?.cursorKey ?? "")/\(status?.rawValue ?? "")"
        }
    }

    private static var listing: Action {
        Action("run.list", needs: .read, refusal: "Insufficient permissions to list runs")
    }

    /// Lists the runs of a team, newest first.
    ///
    /// - Throws: A `Denial`, or 422 `invalid_cursor` for a cursor of another list, team or filter.
    public static func list(_ request: Request, in context: inout Context) throws -> Page<RunSummary> {
        let (team, status) = (request.team, request.status)
        let user = try context.user(attempting: listing, on: team)
        let list = try Listing<KeysetPosition<ID<Run>>>(
            "listRuns",
            binding: request.binding,
            limit: request.limit,
            cursor: request.cursor
        )
        // The two conditions that follow from the status let the server use the partial indexes of open and of
        // unsuccessful runs.
        let rows = try context.read(
            """
            WITH caller AS MATERIALIZED (
                SELECT m.role, 'read' = ANY (nofx.permissions(m.role, m.permissions)) AS allowed
                FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id
                WHERE t.id = \(team) AND t.deleted_at IS NULL AND m.user_id = \(user)
            ), page AS (
                SELECT r.* FROM nofx.runs r
                WHERE r.team_id = \(team) AND (SELECT allowed FROM caller)
                  AND (\(status) IS NULL OR r.status = \(status))
                  AND (\(status?.isOpen != true) OR r.ended_at IS NULL)
                  AND (\(status?.isUnsuccessful != true) OR r.status IN ('failed', 'cancelled'))
                  AND (\(request.after) IS NULL OR r.created_at >= \(request.after))
                  AND (\(request.before) IS NULL OR r.created_at < \(request.before))
                  AND \(fragment: list.isBelow("r.created_at, r.id"))
                ORDER BY r.created_at DESC, r.id DESC
                LIMIT \(list.rowLimit)
            )
            SELECT page.*, page.id AS run_id, page.id IS NOT NULL AS is_item, caller.allowed,
                   caller.role AS caller_role
            FROM caller LEFT JOIN page ON true
            ORDER BY page.created_at DESC, page.id DESC
            """
        )
        return try list.page(rows, of: listing, in: team) { KeysetPosition($0.createdAt, $0.id) }
    }
}
