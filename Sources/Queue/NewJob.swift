public import Base

/// Work to be put into a queue.
public struct NewJob: Sendable {
    /// What it is known by, also when it is tried again or was dead; a queue takes the same one only once.
    public let id: ID<Job>

    /// What it is about.
    public let topic: QueueTopic

    /// What is to be done, which no queue looks into or changes.
    public let payload: JSONText

    /// Whose work it is; nil for nobody's in particular.
    public let tenant: UUID?

    /// Which of its tenant's jobs that are due comes first: the one with the lowest number.
    public let priority: Int16

    /// How long to wait before it is due.
    public let delay: Duration

    /// Describes work.
    public init(
        _ topic: QueueTopic,
        _ payload: JSONText,
        id: ID<Job> = .make(),
        tenant: UUID? = nil,
        priority: Int16 = 0,
        delay: Duration = .zero
    ) {
        self.id = id
        self.topic = topic
        self.payload = payload
        self.tenant = tenant
        self.priority = priority
        self.delay = delay
    }
}
