public import Base

/// The job queue: at-least-once delivery, one claimant per job at a time.
///
/// A claim leases a job. The claimant passes its ``JobLease``, which carries a fencing token, with every heartbeat and
/// result. Once the lease is over, the next claimant gets the job, and reports of the earlier one are rejected. The queue
/// does not wake claimants: they poll when they have capacity.
public protocol Queue: ~Copyable {
    /// Puts jobs in, all or none.
    ///
    /// - Returns: How many; those whose id is there already are left out.
    @discardableResult
    mutating func enqueue(_ jobs: [NewJob]) throws -> Int

    /// Claims due jobs, round-robin across tenants; of each tenant by priority, then by due time, then by id.
    ///
    /// A priority orders the jobs of one tenant only. Jobs without a tenant count as one tenant's. A tenant at its limit does
    /// not block the others.
    ///
    /// - Returns: As many jobs as there are and the limits allow. The call does not wait for more.
    mutating func claim(_ claim: JobClaim) throws -> [Job]

    /// Extends leases, from now on.
    ///
    /// - Returns: What became of each, in order.
    mutating func heartbeat(_ leases: [JobLease], extendingBy lease: Duration) throws -> [LeaseState]

    /// Records the results of jobs.
    ///
    /// - Returns: For each, in order, whether it was accepted: false if the lease was lost.
    @discardableResult
    mutating func finish(_ results: [JobResult]) throws -> [Bool]

    /// Removes a job, or asks its claimant to end it.
    mutating func cancel(_ job: ID<Job>) throws -> JobCancellation

    /// Makes scheduled jobs due, and ends expired leases: their jobs fail with `lease_expired`.
    ///
    /// Claims do so as well; this is for callers that only read.
    mutating func tend() throws

    /// How much there is in a topic.
    mutating func counts(of topic: QueueTopic) throws -> QueueCounts

    /// The dead-lettered jobs of a topic, oldest first, then by id.
    ///
    /// - Parameters:
    ///   - topic: Which topic.
    ///   - limit: How many at most.
    ///   - after: The last one of the page before; nil for the first page.
    /// - Returns: The letters.
    /// - Throws: The error of the queue's store.
    mutating func deadLetters(of topic: QueueTopic, limit: Int, after: KeysetPosition<ID<Job>>?) throws -> [DeadLetter]

    /// Returns dead-lettered jobs to their topic, in the order of ``deadLetters(of:limit:after:)``:
    /// due at once, and with all their attempts before them.
    ///
    /// - Parameters:
    ///   - topic: Which topic.
    ///   - limit: How many, 500 at most: the cause of their failure may persist.
    /// - Returns: How many.
    /// - Throws: The error of the queue's store.
    @discardableResult
    mutating func redrive(_ topic: QueueTopic, limit: Int) throws -> Int
}

extension Queue where Self: ~Copyable {
    /// The most jobs that one call puts back.
    public static var redriveLimit: Int { 500 }

    /// Puts one job in.
    ///
    /// - Returns: Whether it was not there already.
    @discardableResult
    public mutating func enqueue(_ job: NewJob) throws -> Bool {
        try enqueue([job]) == 1
    }

    /// Records the result of one job.
    ///
    /// - Returns: Whether it counted.
    @discardableResult
    public mutating func finish(_ lease: JobLease, _ outcome: JobOutcome) throws -> Bool {
        try finish([JobResult(lease, outcome)]) == [true]
    }

    /// Extends a lease, from now on.
    public mutating func heartbeat(_ lease: JobLease, extendingBy duration: Duration) throws -> LeaseState {
        try heartbeat([lease], extendingBy: duration).first ?? .lost
    }
}
