public import Base

/// The job queue: at-least-once delivery, one claimant per job at a time.
///
/// A claim leases a job. The claimant passes its ``JobLease``, which carries a fencing token, with every heartbeat
/// and result. After a lease expires, the next claimant gets the job, and reports of the earlier one are rejected.
/// The queue does not wake claimants: they poll when they have capacity.
public protocol Queue: ~Copyable {
    /// Enqueues jobs, all or none.
    ///
    /// - Returns: The number of jobs added. A job whose id is already in the queue is skipped.
    @discardableResult
    mutating func enqueue(_ jobs: [NewJob]) throws -> Int

    /// Claims due jobs, round-robin across tenants; within a tenant by priority, then by due time, then by id.
    ///
    /// A priority orders the jobs of one tenant only. Jobs without a tenant count as one tenant's. A tenant at its
    /// limit does not block the others.
    ///
    /// - Returns: As many due jobs as the limits allow. The call does not wait for more.
    mutating func claim(_ claim: JobClaim) throws -> [Job]

    /// Extends leases; the new duration starts now.
    ///
    /// - Returns: The state of each lease, in order.
    mutating func heartbeat(_ leases: [JobLease], extendingBy lease: Duration) throws -> [LeaseState]

    /// Records the results of jobs.
    ///
    /// - Returns: For each, in order, whether it was accepted: false if the lease was lost.
    @discardableResult
    mutating func finish(_ results: [JobResult]) throws -> [Bool]

    /// Removes a job, or asks its claimant to end it.
    mutating func cancel(_ job: ID<Job>) throws -> JobCancellation

    /// Makes scheduled jobs due and ends expired leases, whose jobs fail with `lease_expired`.
    ///
    /// Claims do the same; this is for callers that only read.
    mutating func tend() throws

    /// The number of jobs in a topic, by state.
    mutating func counts(of topic: QueueTopic) throws -> QueueCounts

    /// The dead-lettered jobs of a topic, oldest first, then by id.
    ///
    /// - Parameters:
    ///   - topic: The topic.
    ///   - limit: The largest number of jobs to return.
    ///   - after: The position of the last job of the previous page; nil for the first page.
    /// - Returns: The dead-lettered jobs.
    /// - Throws: The error of the queue's store.
    mutating func deadLetters(of topic: QueueTopic, limit: Int, after: KeysetPosition<ID<Job>>?) throws -> [DeadLetter]

    /// Returns dead-lettered jobs to their topic, in the order of ``deadLetters(of:limit:after:)``.
    ///
    /// They are due at once and have all their attempts again.
    ///
    /// - Parameters:
    ///   - topic: The topic.
    ///   - limit: The number of jobs, at most 500. The limit protects against a cause of failure that persists.
    /// - Returns: The number of jobs returned to the topic.
    /// - Throws: The error of the queue's store.
    @discardableResult
    mutating func redrive(_ topic: QueueTopic, limit: Int) throws -> Int
}

extension Queue where Self: ~Copyable {
    /// The largest number of jobs that one redrive returns to a topic.
    public static var redriveLimit: Int { 500 }

    /// Enqueues one job.
    ///
    /// - Returns: Whether the job was added; false if its id is already in the queue.
    @discardableResult
    public mutating func enqueue(_ job: NewJob) throws -> Bool {
        try enqueue([job]) == 1
    }

    /// Records the result of one job.
    ///
    /// - Returns: Whether the result was accepted; false if the lease was lost.
    @discardableResult
    public mutating func finish(_ lease: JobLease, _ outcome: JobOutcome) throws -> Bool {
        try finish([JobResult(lease, outcome)]) == [true]
    }

    /// Extends a lease; the new duration starts now.
    public mutating func heartbeat(_ lease: JobLease, extendingBy duration: Duration) throws -> LeaseState {
        try heartbeat([lease], extendingBy: duration).first ?? .lost
    }
}
