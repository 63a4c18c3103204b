public import Base

/// Work that is put down by one and done by another, at least once and by one at a time.
///
/// A job is claimed for the length of a lease. Whoever claims it shows its ``JobLease`` with everything said of it
/// afterwards: once the lease is over and somebody has noticed, the job is tried again by whoever claims it next, and
/// what the earlier claimant says changes nothing. Nobody is woken by a queue: claimants come when they have room.
public protocol Queue: ~Copyable {
    /// Puts jobs in, all or none.
    ///
    /// - Returns: How many; those whose id is there already are left out.
    @discardableResult
    mutating func enqueue(_ jobs: [NewJob]) throws -> Int

    /// Takes jobs that are due, in turns of the tenants; of each tenant by priority, then by how long they have been due,
    /// then by their ids.
    ///
    /// What a tenant says of its own jobs does not put them before others'. What is nobody's in particular has its turn as
    /// one tenant's. A tenant that has reached its limit does not keep others waiting.
    ///
    /// - Returns: As many as there are and the limits allow; none of them has to be waited for.
    mutating func claim(_ claim: JobClaim) throws -> [Job]

    /// Makes leases last for another while from now on.
    ///
    /// - Returns: What became of each, in order.
    mutating func heartbeat(_ leases: [JobLease], extendingBy lease: Duration) throws -> [LeaseState]

    /// Tells what became of jobs.
    ///
    /// - Returns: For each, in order, whether it counted: false when the lease had been lost.
    @discardableResult
    mutating func finish(_ results: [JobResult]) throws -> [Bool]

    /// Takes a job out, or asks its claimant to end it.
    mutating func cancel(_ job: ID<Job>) throws -> JobCancellation

    /// Makes jobs due whose time has come, and ends leases that are over: those jobs failed with `lease_expired`.
    ///
    /// Claiming sees to it as well; this is for those who only look.
    mutating func tend() throws

    /// How much there is in a topic.
    mutating func counts(of topic: QueueTopic) throws -> QueueCounts

    /// The jobs of a topic that were given up, in the order of that, and of their ids where times are equal.
    ///
    /// - Parameters:
    ///   - topic: Which topic.
    ///   - limit: How many at most.
    ///   - after: The last one of the page before; nil for the first page.
    /// - Returns: The letters.
    /// - Throws: What the queue's store throws.
    mutating func deadLetters(of topic: QueueTopic, limit: Int, after: KeysetPosition<ID<Job>>?) throws -> [DeadLetter]

    /// Puts jobs that were given up back into the topic they came from, in the order of ``deadLetters(of:limit:after:)``:
    /// due at once, and with all their attempts before them.
    ///
    /// - Parameters:
    ///   - topic: Which topic.
    ///   - limit: How many, 500 at most: what made them fail may not be over.
    /// - Returns: How many.
    /// - Throws: What the queue's store throws.
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

    /// Tells what became of one job.
    ///
    /// - Returns: Whether it counted.
    @discardableResult
    public mutating func finish(_ lease: JobLease, _ outcome: JobOutcome) throws -> Bool {
        try finish([JobResult(lease, outcome)]) == [true]
    }

    /// Makes a lease last for another while from now on.
    public mutating func heartbeat(_ lease: JobLease, extendingBy duration: Duration) throws -> LeaseState {
        try heartbeat([lease], extendingBy: duration).first ?? .lost
    }
}
