public import Base

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
