import Base
import Core
import Postgres

/// What a running step has written so far.
struct StepText: OutputObject, RowDecodable, Hashable {
    let step: String
    let attempt: Int
    let text: String
    let at: Timestamp

    init(row: borrowing Row) throws(PostgresError) {
        step = try row["step"]
        attempt = try row["attempt"]
        text = try row["text"]
        at = try row["at"]
    }

    static let fields: [OutputField<StepText>] = [
        OutputField("step", "The name of the step.") { $0.step },
        OutputField("attempt", "The number of the attempt.") { $0.attempt },
        OutputField("text", "The last 32 KiB of the text.") { $0.text },
        OutputField("at", "When it was written.") { $0.at },
    ]
}

extension Query {
    /// The texts of a run's steps.
    ///
    /// The query also tells the workers of the steps that someone reads them.
    static func texts(_ request: Timeline.Request) -> Query {
        "SELECT step, attempt, text, at FROM nofx.watch_texts(\(request.team), \(request.run))"
    }
}
