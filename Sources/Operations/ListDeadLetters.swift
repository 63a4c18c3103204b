public import Base
public import Core
public import Postgres
import Queue

/// A dead-lettered job, as operators see it.
public struct DeadLetterItem: OutputObject, RowDecodable {
    let id: ID<Job>
    let team: UUID?
    let run: UUID?
    let step: String?
    let topic: String
    let tool: String?
    let attempts: Int
    let error: Failure
    let enqueuedAt: Timestamp
    let deadLetteredAt: Timestamp

    /// The last error of a job.
    public struct Failure: OutputObject {
        let code: String
        let message: String?

        public static let fields: [OutputField<Failure>] = [
            OutputField("code", "The error code, such as lease_expired.") { $0.code },
            OutputField("message", "The message that the team sees; null if the job is not a step.") { $0.message },
        ]
    }

    var position: KeysetPosition<ID<Job>> { KeysetPosition(deadLetteredAt, id) }

    public init(row: borrowing Row) throws(PostgresError) {
        id = try row["id"]
        let tenant: UUID = try row["tenant_id"]
        team = tenant == .noTenant ? nil : tenant
        run = try row["run_id"]
        step = try row["step"]
        topic = try row["topic"]
        tool = try row["tool"]
        attempts = try row["attempts"]
        error = Failure(code: try row["code"], message: try row["message"])
        enqueuedAt = try row["enqueued_at"]
        deadLetteredAt = try row["dead_lettered_at"]
    }

    public static let fields: [OutputField<DeadLetterItem>] = [
        OutputField("id", "The job.") { $0.id },
        OutputField("teamId", "The team; null if the job belongs to no team.") { $0.team },
        OutputField("runId", "The run; null if the job is not a step.") { $0.run },
        OutputField("step", "The step's name.") { $0.step },
        OutputField("topic", "The queue topic.") { $0.topic },
        OutputField("tool", "The step's tool; null if the job is not a step.") { $0.tool },
        OutputField("attempts", "The number of attempts.") { $0.attempts },
        OutputField("error", "The error of the last attempt.") { $0.error },
        OutputField("enqueuedAt", "When the job was enqueued.") { $0.enqueuedAt },
        OutputField("diedAt", "When the job was dead-lettered.") { $0.deadLetteredAt },
    ]
}

extension DeadLetterItem {
    /// The filters of a page of dead letters.
    public struct Request: InputObject {
        let topic: DeadLetterFilter?
        let tool: DeadLetterFilter?
        let code: DeadLetterFilter?
        let team: UUID?
        let limit: PageLimit
        let cursor: Cursor?

        public static let schema = Schema(
            .optional("topic", DeadLetterFilter.self, "Only this topic."),
            .optional("tool", DeadLetterFilter.self, "Only steps of this tool, such as http:request."),
            .optional(
                "code",
                DeadLetterFilter.self,
                "Only jobs whose last error has this code, such as lease_expired."
            ),
            .optional("teamId", UUID.self, "Only jobs of this team."),
            .optional("limit", PageLimit.self, default: .standard, "The most items to return."),
            .optional("cursor", Cursor.self, "The nextCursor of the previous page; omit it for the first page."),
            into: { topic, tool, code, team, limit, cursor in
                Request(topic: topic, tool: tool, code: code, team: team, limit: limit, cursor: cursor)
            }
        )

        // None of these values can contain a line feed.
        fileprivate var binding: String {
            [team?.description, topic?.rawValue, tool?.rawValue, code?.rawValue].map { $0 ?? "" }
                .joined(separator: "\n")
        }
    }

    /// The dead-lettered jobs, newest first.
    ///
    /// - Throws: A `Denial` for a caller who is not an operator; 422 `invalid_cursor` for a cursor of another list or
    ///   filter.
    public static func list(_ request: Request, in context: inout Context) throws -> Page<DeadLetterItem> {
        let listing = Action(
            "dead_letters.list",
            needs: .operations,
            refusal: "Only operators can see dead-lettered jobs"
        )
        _ = try context.user(attempting: listing)
        let list = try Listing<KeysetPosition<ID<Job>>>(
            "listDeadLetters",
            binding: request.binding,
            limit: request.limit,
            cursor: request.cursor
        )
        let rows = try context.read(
            """
            SELECT id, tenant_id, run_id, step, topic, tool, attempts, code, message, enqueued_at, dead_lettered_at
            FROM nofx.list_dead_letters(
                \(request.topic?.rawValue), \(request.tool?.rawValue), \(request.code?.rawValue), \(request.team),
                \(list.rowLimit), \(list.after?.time), \(list.after?.key)
            )
            ORDER BY dead_lettered_at DESC, id DESC
            """
        )
        return list.page(try rows.decode(), at: \.position)
    }
}

/// A topic, tool or error code to filter by.
public struct DeadLetterFilter: InputValue {
    private static let text = TextRule(1...100)

    let rawValue: String

    public static var rule: String { text.description }
    public static var form: ValueForm { text.form }

    public init(input: JSONValue) throws(Violations) {
        rawValue = try Self.text.read(input)
    }
}
