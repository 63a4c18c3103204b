public import Base
import Core
public import Postgres

/// A step of a run that waits, or waited, for a person's decision.
public struct Gate: OutputObject, RowDecodable {
    let run: ID<Run>
    let goal: String
    let startedBy: ID<User>
    let number: Int
    let step: String
    let state: GateState

    public init(row: borrowing Row) throws(PostgresError) {
        run = try row["run_id"]
        goal = try row["goal"]
        startedBy = try row["created_by"]
        number = try row["step_no"]
        step = try row["step"]
        state = try GateState(row: row)
    }

    public static let fields: [OutputField<Gate>] =
        [
            OutputField("runId", "The run that waits.") { $0.run },
            OutputField("goal", "What the run is for.") { $0.goal },
            OutputField("startedBy", "Who started the run.") { $0.startedBy },
            OutputField("step", "The step, as the plan calls it.") { $0.step },
        ] + GateState.fields.map { $0.lifted { $0.state } }
}
