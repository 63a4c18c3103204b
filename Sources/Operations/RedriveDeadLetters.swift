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
        let ids: DeadLetterIDs?
        let topic: RedrivenTopic?
        let tool: DeadLetterFilter?
        let code: DeadLetterFilter?
        let team: UUID?
        let limit: RedriveLimit

        public static let schema = Schema(
            .optional("ids", DeadLetterIDs.self, "Only these jobs, by their id in listDeadLetters; all by default."),
            .optional("topic", RedrivenTopic.self, "Only this topic."),
            .optional("tool", DeadLetterFilter.self, "Only steps of this tool, such as http:request; all by default."),
            .optional("code", DeadLetterFilter.self, "Only jobs whose last error has this code."),
            .optional("teamId", UUID.self, "Only jobs of this team."),
            .optional("limit", RedriveLimit.self, default: .standard, "The most jobs to redrive."),
            into: { ids, topic, tool, code, team, limit in
                Request(ids: ids, topic: topic, tool: tool, code: code, team: team, limit: limit)
            }
        )

        /// The filters for the record of operators' actions: `*` for none.
        fileprivate var subject: String {
            let filters = [
                ids.map { "\($0.all.count) ids" }, topic?.rawValue, tool?.rawValue, code?.rawValue, team?.description,
            ]
            let given = filters.compactMap(\.self)
            return given.isEmpty ? "*" : given.joined(separator: " ")
        }
    }

    /// Returns dead-lettered jobs to the queue, oldest first.
    ///
    /// They get all their attempts again, and the steps that were skipped because of them wait for them again. Steps of
    /// runs that were cancelled or succeeded, and steps with an unfinished dependency, stay dead-lettered, and steps of a
    /// team that has as many queued steps as it may have.
    ///
    /// - Throws: A `Denial` for a caller who is not an operator, or `PostgresError`.
    public static func make(_ request: Request, in context: inout Context) throws -> Redrive {
        let action = Action(
            "queue.redrive",
            needs: .operations,
            refusal: "Only operators can redrive dead-lettered jobs"
        )
        let user = try context.user(attempting: action)
        let rows = try context.write(
            """
            WITH redrive AS MATERIALIZED (
                SELECT nofx.redrive_jobs(\(request.topic?.rawValue), \(request.tool?.rawValue), \(request.limit.count),
                                         json_build_object('by', \(user)), \(context.quotas.queuedStepsPerTeam)::integer,
                                         \(request.code?.rawValue), \(request.team),
                                         CASE WHEN \(request.ids != nil) THEN \(request.ids?.all ?? []) END) AS count
            ), record AS (
                INSERT INTO nofx.operator_actions (user_id, action, subject, after, credential, request_id, ip,
                                                   user_agent)
                SELECT \(user), \(action.name), \(request.subject), jsonb_build_object('redriven', r.count),
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

/// The ids of 1 to 500 dead letters.
public struct DeadLetterIDs: InputValue {
    let all: [UUID]

    public static var rule: String { "array of 1 to 500 UUIDs" }
    public static var form: ValueForm { .array(UUID.form, 1...500) }

    public init(input: JSONValue) throws(Violations) {
        all = try ListRule(1...500).read(input)
    }
}

/// The topic of the jobs to redrive.
///
/// A topic that no job can have is refused, because the caller meant another one.
public struct RedrivenTopic: InputValue {
    let rawValue: String

    public static var rule: String { "mail, webhook, or the topic of a tool, such as http.request" }
    public static var form: ValueForm {
        .either([.names(["mail", "webhook"]), .pattern(#"^[!-~]*\.[!-~]*$"#, atMost: 100)])
    }

    public init(input: JSONValue) throws(Violations) {
        rawValue = try DeadLetterFilter(input: input).rawValue
        guard ["mail", "webhook"].contains(rawValue) || rawValue.utf8.contains(UInt8(ascii: ".")) else {
            throw Violations(.invalidFormat, "must be mail, webhook, or the topic of a tool")
        }
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
    public static var form: ValueForm { range.form }

    public init(input: JSONValue) throws(Violations) {
        count = Int32(try Self.range.read(input))
    }

    public var description: String { "\(count)" }
}
