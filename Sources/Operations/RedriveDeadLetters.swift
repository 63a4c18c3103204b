public import Base
import Postgres
public import Core

/// What came of putting jobs back to work that were given up.
public struct Redrive: OutputObject {
    let count: Int

    public static let fields: [OutputField<Redrive>] = [
        OutputField("redriven", "How many jobs went back to work.") { $0.count }
    ]

    /// How many jobs go back, and which.
    public struct Request: InputObject {
        let tool: DeadLetterFilter?
        let limit: RedriveLimit

        public static let schema = Schema(
            .optional("tool", DeadLetterFilter.self, "Only steps of this tool, such as http:request; all by default."),
            .optional("limit", RedriveLimit.self, default: .standard, "How many at most: 1 to 500, 50 by default."),
            into: { tool, limit in Request(tool: tool, limit: limit) }
        )
    }

    /// Puts jobs that were given up back to work, those first that were given up first.
    ///
    /// They have all their attempts before them, and what was skipped for them waits for them again. Steps are left whose
    /// run was cancelled, or which depend on what is not done.
    ///
    /// - Throws: A `Denial` for who does not operate the product, or `PostgresError`.
    public static func make(_ request: Request, in context: inout Context) throws -> Redrive {
        let action = Action(
            "queue.redrive",
            needs: .operations,
            refusal: "Only operators can put back what was given up"
        )
        let user = try context.user(attempting: action)
        let tool = request.tool?.rawValue
        let rows = try context.write(
            """
            WITH redrive AS MATERIALIZED (
                SELECT nofx.redrive_jobs(NULL, \(tool), \(request.limit.count), json_build_object('by', \(user))) AS count
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

/// How many jobs go back at once: what made them fail may not be over.
public struct RedriveLimit: InputValue, CustomStringConvertible {
    private static let range = IntegerRule(1...500)

    let count: Int32

    /// As many as go back when nobody says.
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
