/// A store that works did not take what it was told, and would not take it again.
///
/// Every other error of a ``StepStore`` may pass.
public struct StepsRefused: Error {
    /// What the store said.
    public let reason: any Error

    /// Takes what the store said.
    public init(_ reason: any Error) {
        self.reason = reason
    }
}
