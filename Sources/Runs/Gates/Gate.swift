public import Base
import Core
public import Postgres

/// A step of a run that requires, or required, a person's decision.
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
            OutputField("runId", "The run.") { $0.run },
            OutputField("goal", "The goal of the run.") { $0.goal },
            OutputField("startedBy", "The user who started the run.") { $0.startedBy },
            OutputField("step", "The name of the step.") { $0.step },
        ] + GateState.fields.map { $0.lifted { $0.state } }
}

/// The state of a gate: its rules and its decision.
struct GateState: OutputObject, RowDecodable {
    let status: GateStatus
    let message: String?
    let requiredRole: Role?
    let allowsWaiver: Bool
    let needsFourEyes: Bool
    let createdAt: Timestamp
    let expiresAt: Timestamp?
    let decidedBy: ID<User>?
    let decidedAt: Timestamp?
    let reason: String?

    init(row: borrowing Row) throws(PostgresError) {
        status = try row["gate_status"]
        message = try row["message"]
        requiredRole = try row["required_role"]
        allowsWaiver = try row["allows_waiver"]
        needsFourEyes = try row["four_eyes"]
        createdAt = try row["gate_created_at"]
        expiresAt = try row["expires_at"]
        decidedBy = try row["decided_by"]
        decidedAt = try row["decided_at"]
        reason = try row["reason"]
    }

    static let fields: [OutputField<GateState>] = [
        OutputField("status", "The state: pending, or the decision.") { $0.status },
        OutputField("message", "The message for the person who decides.") { $0.message },
        OutputField("requiredRole", "The lowest role that can decide; null: any member who manages the team.") {
            $0.requiredRole
        },
        OutputField("allowWaive", "Whether the gate can be waived.") { $0.allowsWaiver },
        OutputField("fourEyes", "Whether the user who started the run cannot decide.") { $0.needsFourEyes },
        OutputField("createdAt", "When the run reached the gate.") { $0.createdAt },
        OutputField("expiresAt", "When the gate expires; null if it does not expire.") { $0.expiresAt },
        OutputField("decidedBy", "Who decided.") { $0.decidedBy },
        OutputField("decidedAt", "When it was decided, expired or cancelled.") { $0.decidedAt },
        OutputField("reason", "The reason given with the decision.") { $0.reason },
    ]
}

/// The state of a gate.
///
/// A pending gate changes to one of the other states, and becomes pending again only when its step is retried. A gate
/// past its expiry counts as expired even while its row says pending.
public enum GateStatus: String, InputEnumeration, OutputValue, PostgresEncodable, PostgresDecodable,
    CustomStringConvertible
{
    case pending, approved, rejected, waived, expired, cancelled

    public var description: String { rawValue }
}
