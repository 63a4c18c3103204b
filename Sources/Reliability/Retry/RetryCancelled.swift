/// Nobody wants the result any more, so there was no further attempt.
public struct RetryCancelled: Error {
    /// How many attempts were made.
    public let attempts: Int

    /// What the last of them failed with; nil when there was none.
    public let lastError: (any Error)?
}
