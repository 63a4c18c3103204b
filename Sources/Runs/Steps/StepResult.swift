/// What a worker says of a step that it claimed.
public struct StepResult: Sendable {
    /// The step, by its claim.
    public let step: ClaimedStep

    /// What became of it.
    public let outcome: StepOutcome

    /// Tells what became of a step.
    public init(_ step: ClaimedStep, _ outcome: StepOutcome) {
        self.step = step
        self.outcome = outcome
    }
}
