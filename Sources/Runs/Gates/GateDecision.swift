public import Base

/// What somebody decides of a gate.
public struct GateDecision: Sendable {
    let team: ID<Run.Team>
    let run: ID<Run>
    let step: StepName
    let status: GateStatus
    let reason: GateReason?

    /// What approveGate is told.
    public struct Approval: InputObject {
        let decision: GateDecision

        /// What can be decided; to go on without a decision is waiveGate's.
        enum Verdict: String, InputEnumeration, CustomStringConvertible {
            case approved, rejected

            var description: String { rawValue }

            var status: GateStatus { self == .approved ? .approved : .rejected }
        }

        public static let schema = Schema(
            Field("teamId", ID<Run.Team>.self, "The team."),
            Field("runId", ID<Run>.self, "The run that waits."),
            Field("step", StepName.self, "The gate's step, as the plan calls it."),
            .optional("decision", Verdict.self, default: .approved, "Whether the run goes on."),
            .optional("reason", GateReason.self, "Why, for whoever looks at the run."),
            into: { team, run, step, verdict, reason in
                Approval(
                    decision: GateDecision(team: team, run: run, step: step, status: verdict.status, reason: reason)
                )
            }
        )
    }

    /// What waiveGate is told.
    public struct Waiver: InputObject {
        let decision: GateDecision

        public static let schema = Schema(
            Field("teamId", ID<Run.Team>.self, "The team."),
            Field("runId", ID<Run>.self, "The run that waits."),
            Field("step", StepName.self, "The gate's step, as the plan calls it."),
            Field("reason", GateReason.self, "Why, for whoever looks at the run."),
            into: { team, run, step, reason in
                Waiver(decision: GateDecision(team: team, run: run, step: step, status: .waived, reason: reason))
            }
        )
    }
}
