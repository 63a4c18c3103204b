public import Base
import Core
import Postgres

/// A page of a run's events, in order.
public struct Timeline: OutputObject {
    let events: [RunEvent]
    let nextCursor: Cursor
    let hasMore: Bool
    let hasEnded: Bool

    /// The texts of running steps; nil unless they were asked for.
    var texts: [StepText]?

    public static let fields: [OutputField<Timeline>] = [
        OutputField("items", "The events after the cursor: seq, type, step, at, data.") { $0.events },
        OutputField("nextCursor", "The cursor for the next call; always present.") { $0.nextCursor },
        OutputField("hasMore", "Whether more events exist already.") { $0.hasMore },
        OutputField("ended", "Whether the run has ended and this page has its last event; retryStep can reopen it.") {
            $0.hasEnded
        },
        OutputField("texts", "What running AI steps have written so far; null unless include names text.") {
            $0.texts
        },
    ]

    /// The input of runTimeline.
    public struct Request: InputObject {
        let team: ID<Run.Team>
        let run: ID<Run>
        let cursor: Cursor?
        let limit: Int
        let patience: Duration
        let included: [Included]

        /// What a page has beside events.
        enum Included: String, InputEnumeration {
            /// What running AI steps have written so far.
            case text
        }

        /// Whether the texts of running steps are asked for.
        var includesTexts: Bool { included.contains(.text) }

        public static let schema = Schema(
            Field("teamId", ID<Run.Team>.self, "The team."),
            Field("runId", ID<Run>.self, "The run."),
            .optional("cursor", Cursor.self, "The nextCursor of the previous page; by default the first event."),
            .integer("limit", in: 1...500, default: 100, "The maximum number of events to return."),
            .integer("waitSeconds", in: 0...25, default: 0, "How long to wait for new events if there are none."),
            .optional("include", [Included].self, default: [], "With text: what running AI steps have written so far."),
            into: { team, run, cursor, limit, patience, included in
                Request(
                    team: team,
                    run: run,
                    cursor: cursor,
                    limit: limit,
                    patience: .seconds(patience),
                    included: included
                )
            }
        )

        /// The number of the last event before the cursor.
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

        /// The cursor after an event.
        func cursor(after number: Int) -> Cursor {
            Cursor(list: Timeline.endpoint, binding: binding, keys: ["\(number)"])
        }

        private var binding: String { "\(team)/\(run)" }
    }

    private static var endpoint: String { "runTimeline" }
}

/// An event of a run.
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
        OutputField("seq", "The number of the event, from 1 without gaps.") { $0.number },
        OutputField("type", "The type of the event, such as step.succeeded.") { $0.type },
        OutputField("step", "The name of the step; null for an event of the run.") { $0.step },
        OutputField("at", "When it happened.") { $0.at },
        OutputField("data", "More details, depending on the type.") { $0.data },
    ]
}
