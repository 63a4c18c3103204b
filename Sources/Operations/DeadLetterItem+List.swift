public import Base
import Postgres
import Queue
public import Core

extension DeadLetterItem {
    /// Which of the jobs that were given up are wanted.
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
            .optional("code", DeadLetterFilter.self, "Only what failed with this, such as lease_expired."),
            .optional("teamId", UUID.self, "Only this team's."),
            .optional("limit", PageLimit.self, default: .standard, "How many items to answer."),
            .optional("cursor", Cursor.self, "The nextCursor of the page before; the first page by default."),
            into: { topic, tool, code, team, limit, cursor in
                Request(topic: topic, tool: tool, code: code, team: team, limit: limit, cursor: cursor)
            }
        )

        // None of them has a line feed in it.
        fileprivate var binding: String {
            [team?.description, topic?.rawValue, tool?.rawValue, code?.rawValue].map { $0 ?? "" }
                .joined(separator: "\n")
        }
    }

    private static var endpoint: String { "listDeadLetters" }

    /// The jobs that were given up, the newest first.
    ///
    /// - Throws: A `Denial` for who does not operate the product; 422 `invalid_cursor` for a cursor of another list or
    ///   filter.
    public static func list(_ request: Request, in context: inout Context) throws -> Page<DeadLetterItem> {
        let listing = Action(
            "dead_letters.list",
            needs: .operations,
            refusal: "Only operators can see what was given up"
        )
        _ = try context.user(attempting: listing)
        let binding = request.binding
        let after: KeysetPosition<ID<Job>>? = try request.cursor.map { cursor throws(Problem) in
            try KeysetPosition(cursor, of: endpoint, binding: binding)
        }
        let rows = try context.read(
            """
            SELECT id, tenant_id, run_id, step, topic, tool, attempts, code, message, enqueued_at, dead_lettered_at
            FROM nofx.list_dead_letters(
                \(request.topic?.rawValue), \(request.tool?.rawValue), \(request.code?.rawValue), \(request.team),
                \(request.limit.count + 1), \(after?.time), \(after?.key)
            )
            ORDER BY dead_lettered_at DESC, id DESC
            """
        )
        return Page(try rows.decode(), limit: request.limit) { $0.place.cursor(of: endpoint, binding: binding) }
    }
}

/// A topic, a tool or a code, to look for.
public struct DeadLetterFilter: InputValue {
    private static let text = TextRule(1...100)

    let rawValue: String

    public static var rule: String { text.description }

    public init(input: JSONValue) throws(Violations) {
        rawValue = try Self.text.read(input)
    }
}
