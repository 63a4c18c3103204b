public import Base

/// A job to enqueue.
public struct NewJob: Sendable {
    /// The job's id, which retries and redrives keep.
    ///
    /// A queue accepts an id only once.
    public let id: ID<Job>

    /// The topic, which decides which claimants get the job.
    public let topic: QueueTopic

    /// The payload; the queue does not read or change it.
    public let payload: JSONText

    /// The tenant; nil if the job belongs to no tenant.
    public let tenant: UUID?

    /// The order among the due jobs of its tenant; the lowest number comes first.
    public let priority: Int16

    /// The time until the job is due.
    public let delay: Duration

    /// Makes a job.
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

/// A claimed job.
public struct Job: Sendable {
    public let id: ID<Job>

    public let topic: QueueTopic

    /// The payload, as it was enqueued.
    public let payload: JSONText

    /// The tenant; nil if the job belongs to no tenant.
    public let tenant: UUID?

    /// The number of the attempt, from 1.
    ///
    /// A released claim does not count.
    public let attempt: Int

    /// When the job was first enqueued.
    public let enqueuedAt: Timestamp

    /// The lease, which proves that this claimant holds the job.
    public let lease: JobLease

    /// The place in the trace of the call that caused the job; nil if it had none.
    public let trace: TraceContext?

    /// Makes a claimed job.
    public init(
        id: ID<Job>,
        topic: QueueTopic,
        payload: JSONText,
        tenant: UUID?,
        attempt: Int,
        enqueuedAt: Timestamp,
        lease: JobLease,
        trace: TraceContext? = nil
    ) {
        self.id = id
        self.topic = topic
        self.payload = payload
        self.tenant = tenant
        self.attempt = attempt
        self.enqueuedAt = enqueuedAt
        self.lease = lease
        self.trace = trace
    }
}

/// One claim of one job.
///
/// Each claim of a job has its own fencing token, so the queue detects a late result, even after the job was
/// completed and enqueued again under the same id.
public struct JobLease: Hashable, Sendable {
    public let job: ID<Job>

    /// The fencing token of the claim.
    public let fence: Int64

    /// Identifies a claim.
    public init(job: ID<Job>, fence: Int64) {
        self.job = job
        self.fence = fence
    }
}

/// A request for jobs.
public struct JobClaim: Sendable {
    public let topic: QueueTopic

    /// The largest number of jobs to claim.
    public let count: Int

    /// The time after which the lease expires without a heartbeat.
    public let lease: Duration

    /// The largest number of running jobs in the topic, over all claimants; nil for no limit.
    public let topicLimit: Int?

    /// The largest number of running jobs in the topic per tenant; nil for no limit.
    ///
    /// Jobs without a tenant count as one tenant's.
    public let tenantLimit: Int?

    /// The only tenants whose jobs may be claimed; nil for all tenants.
    public let tenants: [UUID]?

    /// Makes a claim.
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

/// The result of a claimed job.
public enum JobOutcome: Hashable, Sendable {
    /// The job is completed and leaves the queue.
    case completed

    /// The job failed.
    ///
    /// It is retried by the queue's ``RetrySchedule``, or dead-lettered.
    ///
    /// - Parameters:
    ///   - error: A stable error class, such as `ai_overloaded`; it is stored with the job.
    ///   - isFinal: Whether the error is permanent, so that the job is dead-lettered at once.
    ///   - notBefore: The shortest wait before the next attempt; it applies if the schedule's wait is shorter.
    case failed(error: String, isFinal: Bool = false, notBefore: Duration = .zero)

    /// The job was not attempted, for lack of time or because a circuit breaker was open.
    ///
    /// It becomes due after a wait, and the claim does not count as an attempt.
    case released(after: Duration = .zero)
}

/// A claimant's report on a job.
public struct JobResult: Hashable, Sendable {
    public let lease: JobLease

    public let outcome: JobOutcome

    /// Makes a report.
    public init(_ lease: JobLease, _ outcome: JobOutcome) {
        self.lease = lease
        self.outcome = outcome
    }
}

/// The answer to a heartbeat.
public enum LeaseState: Hashable, Sendable {
    /// The lease is held, and someone watches what the job writes.
    case watched
    /// The lease is extended.
    case held
    /// The lease is extended, but the job was cancelled: the claimant should stop soon.
    case cancelled
    /// The lease is lost; the claimant's results are rejected.
    case lost
}

/// The answer to a cancellation.
public enum JobCancellation: Hashable, Sendable {
    /// The job was not claimed and is now removed.
    case removed
    /// A claimant holds the job and learns of the cancellation with its next heartbeat.
    ///
    /// The job will not be retried.
    case requested
    /// There is no such job, or it is dead-lettered.
    case unknown
}

/// A job that is retried only after a redrive.
public struct DeadLetter: Sendable {
    public let id: ID<Job>

    public let topic: QueueTopic

    /// The payload, as it was enqueued.
    public let payload: JSONText

    /// The tenant; nil if the job belongs to no tenant.
    public let tenant: UUID?

    /// The number of attempts.
    public let attempts: Int

    /// The error class of the last attempt.
    public let error: String

    /// When the job was first enqueued.
    public let enqueuedAt: Timestamp

    public let deadLetteredAt: Timestamp

    /// The position in the list of dead-lettered jobs.
    public var place: KeysetPosition<ID<Job>> { KeysetPosition(deadLetteredAt, id) }

    /// Makes a dead letter.
    public init(
        id: ID<Job>,
        topic: QueueTopic,
        payload: JSONText,
        tenant: UUID?,
        attempts: Int,
        error: String,
        enqueuedAt: Timestamp,
        deadLetteredAt: Timestamp
    ) {
        self.id = id
        self.topic = topic
        self.payload = payload
        self.tenant = tenant
        self.attempts = attempts
        self.error = error
        self.enqueuedAt = enqueuedAt
        self.deadLetteredAt = deadLetteredAt
    }
}

/// The number of jobs in a topic, by state.
public struct QueueCounts: Hashable, Sendable {
    /// Jobs that are due and not leased.
    public var available = 0

    /// Jobs that are not due yet.
    public var scheduled = 0

    /// Jobs that are leased.
    public var running = 0

    /// Jobs that are retried only after a redrive.
    public var deadLettered = 0

    /// The longest time for which an available job has been due; nil if no job is available.
    public var longestWait: Duration?

    /// The time since the oldest unfinished job was enqueued, dead-lettered jobs excluded; nil if there is none.
    public var oldestAge: Duration?

    /// An empty topic.
    public init() {}
}

/// The topic of a job, which decides which claimants get it: 1 to 100 of `a` to `z`, `0` to `9`, `.`, `_`, `/` and
/// `-`.
///
/// The first character is a letter or a digit.
public struct QueueTopic: Hashable, Sendable, CustomStringConvertible {
    /// The topic as text.
    public let description: String

    /// Mail; the tenant is the team.
    public static let mail = QueueTopic(known: "mail")

    /// Webhook messages; the tenant is the webhook.
    public static let webhook = QueueTopic(known: "webhook")

    private init(known text: String) {
        description = text
    }

    /// Parses a topic; nil if the text is not valid.
    public init?(_ text: String) {
        guard (1...100).contains(text.utf8.count), text.utf8.allSatisfy(Self.isAllowed),
            let first = text.utf8.first, !Self.marks.contains(first)
        else { return nil }
        description = text
    }

    private static var marks: String.UTF8View { "._/-".utf8 }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte.isDigit
            || marks.contains(byte)
    }
}

/// The number of a job's attempts and the wait before each.
public struct RetrySchedule: Hashable, Sendable {
    /// The wait before each attempt, the first one included.
    public let delays: [Duration]

    /// Four attempts: at once, then after 2, 5 and 10 s.
    public static let standard = RetrySchedule(delays: [.zero, .seconds(2), .seconds(5), .seconds(10)])

    /// Makes a schedule from the waits.
    ///
    /// A job has as many attempts as there are waits, and at least one.
    public init(delays: [Duration]) {
        self.delays = delays.isEmpty ? [.zero] : delays
    }

    /// The wait before the next attempt after this many; nil if there is none.
    public func delay(afterAttempts attempts: Int) -> Duration? {
        delays.indices.contains(attempts) ? delays[attempts] : nil
    }
}

extension UUID {
    /// The tenant of jobs that belong to no tenant: all zeros.
    public static var noTenant: UUID { UUID(high: 0, low: 0) }

    /// A random position for a claimant's first round-robin turn, so that many new claimants do not all begin with
    /// the same tenant.
    ///
    /// Identifiers of tenants sort by their creation time. Almost all uniformly random identifiers would sort after
    /// the youngest tenant, and the first turn would be the oldest tenant's again. The position is therefore an
    /// identifier of a random age, on a logarithmic scale: a minute counts among young tenants as much as a month
    /// among old ones.
    public static var anyTurn: UUID {
        let scale = 1 << Int.random(in: 0..<28)
        return .v7(at: .now() + .seconds(-Int.random(in: scale..<2 * scale)))
    }
}
