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

/// What is to be decided of a gate, who may, and what was decided.
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
        OutputField("status", "How it stands: pending, or what was decided.") { $0.status },
        OutputField("message", "What whoever decides is told.") { $0.message },
        OutputField("requiredRole", "The role that decides, or a higher one; null for who manages the team.") {
            $0.requiredRole
        },
        OutputField("allowWaive", "Whether it can be waived.") { $0.allowsWaiver },
        OutputField("fourEyes", "Whether somebody else than who started the run has to decide.") { $0.needsFourEyes },
        OutputField("createdAt", "Since when somebody has to decide.") { $0.createdAt },
        OutputField("expiresAt", "When it expires; null for never.") { $0.expiresAt },
        OutputField("decidedBy", "Who decided.") { $0.decidedBy },
        OutputField("decidedAt", "When that was, or when it ended undecided.") { $0.decidedAt },
        OutputField("reason", "Why, if that was said.") { $0.reason },
    ]
}

/// What has become of a gate.
///
/// A pending one becomes one of the others, and pending again only when its step is retried. One past its time counts as
/// expired, whatever its row says.
public enum GateStatus: String, InputEnumeration, OutputValue, PostgresEncodable, PostgresDecodable,
    CustomStringConvertible
{
    case pending, approved, rejected, waived, expired, cancelled

    public var description: String { rawValue }
}
