public import Base
import Postgres
public import Core

/// How many dead-lettered jobs were redriven.
public struct Redrive: OutputObject {
    let count: Int

    public static let fields: [OutputField<Redrive>] = [
        OutputField("redriven", "The number of jobs that returned to the queue.") { $0.count }
    ]

    /// Which jobs to redrive, and how many.
    public struct Request: InputObject {
        let tool: DeadLetterFilter?
        let limit: RedriveLimit

        public static let schema = Schema(
            .optional("tool", DeadLetterFilter.self, "Only steps of this tool, such as http:request; all by default."),
            .optional("limit", RedriveLimit.self, default: .standard, "The most jobs to redrive."),
            into: { tool, limit in Request(tool: tool, limit: limit) }
        )
    }

    /// Returns dead-lettered jobs to the queue, oldest first.
    ///
    /// They get all their attempts again, and the steps that were skipped because of them wait for them again. Steps of
    /// cancelled runs and steps with an unfinished dependency stay dead-lettered, and steps of a team that has as many
    /// queued steps as it may have.
    ///
    /// - Throws: A `Denial` for a caller who is not an operator, or `PostgresError`.
    public static func make(_ request: Request, in context: inout Context) throws -> Redrive {
        let action = Action(
            "queue.redrive",
            needs: .operations,
            refusal: "Only operators can redrive dead-lettered jobs"
        )
        let user = try context.user(attempting: action)
        let tool = request.tool?.rawValue
        let rows = try context.write(
            """
            WITH redrive AS MATERIALIZED (
                SELECT nofx.redrive_jobs(NULL, \(tool), \(request.limit.count), json_build_object('by', \(user)),
                                         \(context.quotas.queuedStepsPerTeam)::integer) AS count
            ), record AS (
                INSERT INTO nofx.operator_actions (user_id, action, subject, after, credential, request_id, ip,
                                                   user_agent)
                SELECT \(user), \(action.name), coalesce(\(tool), '*'), jsonb_build_object('redriven', r.count),
                       o.origin ->> 'credential', o.origin ->> 'requestId', o.origin ->> 'ip', o.origin ->> 'userAgent'
                FROM redrive r CROSS JOIN (SELECT \(context.record) AS origin) o
                WHERE r.count > 0
            )
            SELECT count FROM redrive
            """
        )
        return Redrive(count: try rows.value())
    }
}

/// How many jobs one call redrives: the cause of their failure may persist.
public struct RedriveLimit: InputValue, CustomStringConvertible {
    private static let range = IntegerRule(1...500)

    let count: Int32

    /// The default.
    public static let standard = RedriveLimit(count: 50)

    private init(count: Int32) {
        self.count = count
    }

    public static var rule: String { range.description }

    public init(input: JSONValue) throws(Violations) {
        count = Int32(try Self.range.read(input))
    }

    public var description: String { "\(count)" }
}
