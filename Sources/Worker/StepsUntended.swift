/// A store did not get done with ``StepStore/tend()`` in time, which says nothing of its other operations.
public struct StepsUntended: Error {
    /// What the store said.
    public let reason: any Error

    /// Takes what the store said.
    public init(_ reason: any Error) {
        self.reason = reason
    }
}
