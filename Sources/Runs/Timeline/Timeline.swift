public import Base
import Core
import Postgres

/// A part of what happened in a run, in order.
public struct Timeline: OutputObject {
    let events: [RunEvent]
    let nextCursor: Cursor
    let hasMore: Bool
    let hasEnded: Bool

    public static let fields: [OutputField<Timeline>] = [
        OutputField("items", "What happened after the cursor: seq, type, step, at, data.") { $0.events },
        OutputField("nextCursor", "What to send as cursor to go on; it is always there.") { $0.nextCursor },
        OutputField("hasMore", "Whether more has happened already.") { $0.hasMore },
        OutputField("ended", "Whether the run has ended and this was all, unless somebody retries a step.") {
            $0.hasEnded
        },
    ]

    /// Which part of a run's timeline is wanted.
    public struct Request: InputObject {
        let team: ID<Run.Team>
        let run: ID<Run>
        let cursor: Cursor?
        let limit: Int
        let patience: Duration

        public static let schema = Schema(
            Field("teamId", ID<Run.Team>.self, "The team."),
            Field("runId", ID<Run>.self, "The run."),
            .optional("cursor", Cursor.self, "The nextCursor of the page before; the beginning by default."),
            .integer("limit", in: 1...500, default: 100, "How many events to answer."),
            .integer("waitSeconds", in: 0...25, default: 0, "How long to wait for the next event, if there is none."),
            into: { team, run, cursor, limit, patience in
                Request(team: team, run: run, cursor: cursor, limit: limit, patience: .seconds(patience))
            }
        )

        /// The number of the last event that the caller has seen.
        ///
        /// - Throws: 422 `invalid_cursor` for a cursor of another list, team or run.
        var seen: Int {
            get throws(Problem) {
                guard let cursor else { return 0 }
                let key = try cursor.keys(of: Timeline.endpoint, binding: binding, count: 1)[0]
                guard let number = Int32(key), number >= 0 else { throw Cursor.refused }
                return Int(number)
            }
        }

        /// The place after an event.
        func cursor(after number: Int) -> Cursor {
            Cursor(list: Timeline.endpoint, binding: binding, keys: ["\(number)"])
        }

        private var binding: String { "\(team)/\(run)" }
    }

    private static var endpoint: String { "runTimeline" }
}

/// Something that happened in a run.
struct RunEvent: OutputObject, RowDecodable {
    let number: Int
    let type: String
    let step: String?
    let at: Timestamp
    let data: JSONText

    init(row: borrowing Row) throws(PostgresError) {
        number = try row["seq"]
        type = try row["type"]
        step = try row["step"]
        at = try row["at"]
        data = try row["data"]
    }

    static let fields: [OutputField<RunEvent>] = [
        OutputField("seq", "Numbers the events of the run, from 1 and without gaps.") { $0.number },
        OutputField("type", "What happened, such as step.succeeded.") { $0.type },
        OutputField("step", "The step that it happened to; null for the run itself.") { $0.step },
        OutputField("at", "When it happened.") { $0.at },
        OutputField("data", "What else there is to know; depends on the type.") { $0.data },
    ]
}
