import Base
import Postgres

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
