/// How much there is in a topic.
public struct QueueCounts: Hashable, Sendable {
    /// Jobs that are due and claimed by nobody.
    public var waiting = 0

    /// Jobs that are not due yet.
    public var delayed = 0

    /// Jobs that are claimed.
    public var running = 0

    /// Jobs that will not be tried again.
    public var dead = 0

    /// How long the job has been due that has waited longest since; nil when none waits.
    public var longestWait: Duration?

    /// How long ago the oldest job was put into the queue that is neither done nor dead; nil when there is none.
    public var oldestAge: Duration?

    /// An empty topic.
    public init() {}
}
