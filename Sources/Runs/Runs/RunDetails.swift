public import Base

/// A run with its steps.
public struct RunDetails: OutputObject {
    let summary: RunSummary
    let steps: [StepDetails]

    public static let fields: [OutputField<RunDetails>] =
        RunSummary.fields.map { $0.lifted { $0.summary } } + [
            OutputField("steps", "Its steps, in the order of the plan.") { $0.steps }
        ]
}
