import Base
public import Core
import Postgres

extension DecidedGate {
    private static var approving: Action {
        Action("gate.approve", needs: .admin, refusal: "Insufficient permissions to decide gates")
    }

    private static var waiving: Action {
        Action("gate.waive", needs: .admin, refusal: "Insufficient permissions to waive gates")
    }

    /// Approves or rejects a gate.
    ///
    /// Repeating the same decision returns the same answer.
    ///
    /// - Throws: A `Denial`; 404 `run_not_found` or `gate_not_found`; 409 `gate_decided` or `gate_expired`.
    public static func approve(_ approval: GateDecision.Approval, in context: inout Context) throws -> DecidedGate {
        try decide(approval.decision, approving, in: &context)
    }

    /// Waives a gate: the run continues without a decision.
    ///
    /// - Throws: The same errors as ``approve(_:in:)``.
    public static func waive(_ waiver: GateDecision.Waiver, in context: inout Context) throws -> DecidedGate {
        try decide(waiver.decision, waiving, in: &context)
    }

    /// Decides under the locks of the run and of the caller's membership, so that one of several concurrent decisions
    /// wins.
    private static func decide(
        _ decision: GateDecision,
        _ action: Action,
        in context: inout Context
    ) throws -> DecidedGate {
        let (team, run, step) = (decision.team, decision.run, decision.step)
        _ = try context.user(attempting: action, on: team)
        let rows = try context.write(
            """
            SELECT * FROM nofx.decide_gate(\(team), \(run), \(step.rawValue), \(decision.status), \(decision.reason),
                                           \(context.record))
            """
        )
        guard let row = rows.first else { throw Problem.internal }
        let outcome: String = try row["outcome"]
        switch outcome {
        case "ok", "already": break
        case "no_member": throw Denial.notMember(action, team: team)
        case "no_run": throw Problem.runNotFound
        case "no_gate": throw Problem.gateNotFound
        case "conflict": throw Problem.gateDecided(try row["status"])
        default: throw try Denial(outcome, row, action, team: team)
        }
        if outcome == "ok" {
            try context.noteActivity(row, "gate.\(decision.status)", team: team, ["runId": run, "step": step])
        }
        return DecidedGate(run: run, step: step, status: decision.status, runStatus: try row["run_status"])
    }
}
