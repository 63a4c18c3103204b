public import Base
public import Postgres

/// A decision on a gate.
public struct GateDecision: Sendable {
    let team: ID<Run.Team>
    let run: ID<Run>
    let step: StepName
    let status: GateStatus
    let reason: GateReason?

    /// The input of approveGate.
    public struct Approval: InputObject {
        let decision: GateDecision

        /// The decisions of approveGate; waiveGate is for a run that continues without one.
        enum Verdict: String, InputEnumeration, CustomStringConvertible {
            case approved, rejected

            var description: String { rawValue }

            var status: GateStatus { self == .approved ? .approved : .rejected }
        }

        public static let schema = Schema(
            Field("teamId", ID<Run.Team>.self, "The team."),
            Field("runId", ID<Run>.self, "The run."),
            Field("step", StepName.self, "The name of the gate's step."),
            .optional("decision", Verdict.self, default: .approved, "Whether to approve or to reject."),
            .optional("reason", GateReason.self, "The reason; members see it with the run."),
            into: { team, run, step, verdict, reason in
                Approval(
                    decision: GateDecision(team: team, run: run, step: step, status: verdict.status, reason: reason)
                )
            }
        )
    }

    /// The input of waiveGate.
    public struct Waiver: InputObject {
        let decision: GateDecision

        public static let schema = Schema(
            Field("teamId", ID<Run.Team>.self, "The team."),
            Field("runId", ID<Run>.self, "The run."),
            Field("step", StepName.self, "The name of the gate's step."),
            Field("reason", GateReason.self, "The reason; members see it with the run."),
            into: { team, run, step, reason in
                Waiver(decision: GateDecision(team: team, run: run, step: step, status: .waived, reason: reason))
            }
        )
    }
}

/// The reason for a decision: 1 to 500 visible characters, line breaks allowed.
public struct GateReason: RawRepresentable, Hashable, InputValue, PostgresEncodable {
    private static let text = TextRule(1...500, allowsLines: true)

    public let rawValue: String

    public static var rule: String { text.description }
    public static var form: ValueForm { text.form }

    public init(input: JSONValue) throws(Violations) {
        rawValue = try Self.text.read(input)
    }

    public init?(rawValue: String) {
        guard let reason = try? Self.text.check(rawValue) else { return nil }
        self.rawValue = reason
    }
}

/// A decided gate and the status of its run.
public struct DecidedGate: OutputObject {
    let run: ID<Run>
    let step: StepName
    let status: GateStatus
    let runStatus: RunStatus

    public static let fields: [OutputField<DecidedGate>] = [
        OutputField("runId", "The run.") { $0.run },
        OutputField("step", "The name of the gate's step.") { $0.step },
        OutputField("status", "The decision.") { $0.status },
        OutputField("runStatus", "The status of the run.") { $0.runStatus },
    ]
}
