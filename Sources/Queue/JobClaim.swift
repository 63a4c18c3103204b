public import Base

/// What a claimant is ready to do.
public struct JobClaim: Sendable {
    /// Of which topic.
    public let topic: QueueTopic

    /// How many jobs at most.
    public let count: Int

    /// How long they stay the claimant's without a heartbeat.
    public let lease: Duration

    /// How many jobs of the topic may be under way at once, this claimant's and all others'; nil for any number.
    public let topicLimit: Int?

    /// How many jobs of the topic may be under way at once for one tenant; nil for any number.
    ///
    /// Jobs that are nobody's in particular count as one tenant's.
    public let tenantLimit: Int?

    /// The only tenants whose jobs may be claimed; nil for all tenants.
    public let tenants: [UUID]?

    /// Describes a claim.
    public init(
        _ topic: QueueTopic,
        count: Int = 1,
        lease: Duration = .seconds(30),
        topicLimit: Int? = nil,
        tenantLimit: Int? = nil,
        tenants: [UUID]? = nil
    ) {
        self.topic = topic
        self.count = count
        self.lease = lease
        self.topicLimit = topicLimit
        self.tenantLimit = tenantLimit
        self.tenants = tenants
    }
}
