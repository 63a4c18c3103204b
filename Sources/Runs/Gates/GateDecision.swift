public import Base
public import Postgres

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

/// Why a gate was decided so: 1 to 500 characters that people can see, in lines.
public struct GateReason: RawRepresentable, Hashable, InputValue, PostgresEncodable {
    private static let text = TextRule(1...500, allowsLines: true)

    public let rawValue: String

    public static var rule: String { text.description }

    public init(input: JSONValue) throws(Violations) {
        rawValue = try Self.text.read(input)
    }

    public init?(rawValue: String) {
        guard let reason = try? Self.text.check(rawValue) else { return nil }
        self.rawValue = reason
    }
}

/// A gate that was decided, and how its run stands.
public struct DecidedGate: OutputObject {
    let run: ID<Run>
    let step: StepName
    let status: GateStatus
    let runStatus: RunStatus

    public static let fields: [OutputField<DecidedGate>] = [
        OutputField("runId", "The run.") { $0.run },
        OutputField("step", "The gate's step.") { $0.step },
        OutputField("status", "What was decided.") { $0.status },
        OutputField("runStatus", "How the run stands.") { $0.runStatus },
    ]
}
