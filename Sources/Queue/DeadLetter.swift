public import Base

/// A job that will not be tried again unless somebody wants it.
public struct DeadLetter: Sendable {
    /// What the job is known by.
    public let id: ID<Job>

    /// What it is about.
    public let topic: QueueTopic

    /// What was to be done.
    public let payload: JSONText

    /// Whose work it was.
    public let tenant: UUID?

    /// How often it was tried.
    public let attempts: Int

    /// What it failed with last.
    public let error: String

    /// When it was first put into the queue.
    public let enqueuedAt: Timestamp

    /// When it was given up.
    public let diedAt: Timestamp

    /// Where it stands in the list.
    public var place: KeysetPosition<ID<Job>> { KeysetPosition(diedAt, id) }

    /// Describes a job that was given up.
    public init(
        id: ID<Job>,
        topic: QueueTopic,
        payload: JSONText,
        tenant: UUID?,
        attempts: Int,
        error: String,
        enqueuedAt: Timestamp,
        diedAt: Timestamp
    ) {
        self.id = id
        self.topic = topic
        self.payload = payload
        self.tenant = tenant
        self.attempts = attempts
        self.error = error
        self.enqueuedAt = enqueuedAt
        self.diedAt = diedAt
    }
}
