public import Base

/// Work that somebody has claimed.
public struct Job: Sendable {
    /// What it is known by.
    public let id: ID<Job>

    /// What it is about.
    public let topic: QueueTopic

    /// What is to be done.
    public let payload: JSONText

    /// Whose work it is.
    public let tenant: UUID?

    /// Which time it is tried, the first being 1; a claim that was released does not count.
    public let attempt: Int

    /// When it was first put into the queue.
    public let enqueuedAt: Timestamp

    /// What shows that it is this claimant's.
    public let lease: JobLease

    /// Describes claimed work.
    public init(
        id: ID<Job>,
        topic: QueueTopic,
        payload: JSONText,
        tenant: UUID?,
        attempt: Int,
        enqueuedAt: Timestamp,
        lease: JobLease
    ) {
        self.id = id
        self.topic = topic
        self.payload = payload
        self.tenant = tenant
        self.attempt = attempt
        self.enqueuedAt = enqueuedAt
        self.lease = lease
    }
}
