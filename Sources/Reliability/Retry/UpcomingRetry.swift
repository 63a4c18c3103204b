/// An attempt that failed and is going to be repeated, as told just before the wait.
public struct UpcomingRetry {
    /// Which retry it will be, the first one being 1; as many attempts have been made.
    public let number: Int

    /// What the attempt failed with.
    public let error: any Error

    /// How long is waited for.
    public let delay: Duration
}
