public import Base

/// A job to enqueue.
public struct NewJob: Sendable {
    /// What it is known by, also when it is tried again or was dead; a queue takes the same one only once.
    public let id: ID<Job>

    /// What it is about.
    public let topic: QueueTopic

    /// The payload; the queue does not read or change it.
    public let payload: JSONText

    /// The tenant; nil if the job belongs to no tenant.
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

/// A claimed job.
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

/// One claim of one job.
///
/// Each claim of a job has its own fencing token, so a late result is recognised, also after the job was done and
/// enqueued again under its id.
public struct JobLease: Hashable, Sendable {
    /// Which job.
    public let job: ID<Job>

    /// Which claim of it.
    public let fence: Int64

    /// Names a claim.
    public init(job: ID<Job>, fence: Int64) {
        self.job = job
        self.fence = fence
    }
}

/// A request for jobs.
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
    /// Jobs without a tenant count as one tenant's.
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

/// The result of a claimed job.
public enum JobOutcome: Hashable, Sendable {
    /// It is done, and leaves the queue.
    case completed

    /// It was not done: it comes again as the queue's ``RetrySchedule`` says, or goes to the dead letters.
    ///
    /// - Parameters:
    ///   - error: A stable class of error, such as `ai_overloaded`; it is kept with the job.
    ///   - isFinal: Whether it would fail again.
    ///   - notBefore: The shortest wait before the next attempt, where the schedule's wait is shorter.
    case failed(error: String, isFinal: Bool = false, notBefore: Duration = .zero)

    /// It was not even tried, since there was no time left or a circuit was open: it comes again after a while, and the
    /// claim does not count as an attempt.
    case released(after: Duration = .zero)
}

/// A claimant's report on a job.
public struct JobResult: Hashable, Sendable {
    /// The claim.
    public let lease: JobLease

    /// What became of it.
    public let outcome: JobOutcome

    /// Tells what became of a claim.
    public init(_ lease: JobLease, _ outcome: JobOutcome) {
        self.lease = lease
        self.outcome = outcome
    }
}

/// The answer to a heartbeat.
public enum LeaseState: Hashable, Sendable {
    /// The job is the claimant's for another lease.
    case held
    /// As ``held``, but the job was cancelled: the claimant should end it soon.
    case cancelled
    /// The claimant lost the job; its results are rejected.
    case lost
}

/// The answer to a cancellation.
public enum JobCancellation: Hashable, Sendable {
    /// The job was not claimed, and is removed.
    case removed
    /// A claimant has the job, and learns of it with the next heartbeat. The job will not be retried.
    case requested
    /// There is no such job, or it is dead-lettered.
    case unknown
}

/// A job that is retried only after a redrive.
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

    /// When it was dead-lettered.
    public let deadLetteredAt: Timestamp

    /// Where it stands in the list.
    public var place: KeysetPosition<ID<Job>> { KeysetPosition(deadLetteredAt, id) }

    /// Describes a dead-lettered job.
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

/// How much there is in a topic.
public struct QueueCounts: Hashable, Sendable {
    /// Jobs that are due and not leased.
    public var available = 0

    /// Jobs that are not due yet.
    public var scheduled = 0

    /// Jobs that are claimed.
    public var running = 0

    /// Jobs that will not be tried again.
    public var deadLettered = 0

    /// How long the job has been due that has waited longest since; nil when none waits.
    public var longestWait: Duration?

    /// How long ago the oldest job was put into the queue that is neither done nor dead; nil when there is none.
    public var oldestAge: Duration?

    /// An empty topic.
    public init() {}
}

/// What a job is about, and so who can do it: 1 to 100 of `a` to `z`, `0` to `9`, `.`, `_`, `/` and `-`, the first of
/// them a letter or a digit.
public struct QueueTopic: Hashable, Sendable, CustomStringConvertible {
    /// The topic as text.
    public let description: String

    /// Mail, whose tenant is the team.
    public static let mail = QueueTopic(known: "mail")

    /// Messages to webhooks, whose tenant is the webhook.
    public static let webhook = QueueTopic(known: "webhook")

    private init(known text: String) {
        description = text
    }

    /// Takes a text; nil for one that is not a topic.
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

/// How long a job waits before each of its attempts, and how many it has.
public struct RetrySchedule: Hashable, Sendable {
    /// The wait before each attempt, the first one included.
    public let delays: [Duration]

    /// At once, and again after 2, 5 and 10 s.
    public static let standard = RetrySchedule(delays: [.zero, .seconds(2), .seconds(5), .seconds(10)])

    /// Takes the waits; a job has as many attempts, and at least one.
    public init(delays: [Duration]) {
        self.delays = delays.isEmpty ? [.zero] : delays
    }

    /// The wait before the attempt that follows so many; nil when there is none.
    public func delay(afterAttempts attempts: Int) -> Duration? {
        delays.indices.contains(attempts) ? delays[attempts] : nil
    }
}

extension UUID {
    /// The tenant of jobs that belong to no tenant: all zeros.
    public static var noTenant: UUID { UUID(high: 0, low: 0) }

    /// A random position for a claimant's first round-robin turn, so that many new claimants do not all begin with the same
    /// tenant.
    ///
    /// Identifiers of tenants sort by their creation time. Almost all uniformly random identifiers would sort after the
    /// youngest tenant, and the first turn would be the oldest tenant's again. The position is therefore an identifier of a
    /// random age, on a logarithmic scale: a minute counts among young tenants as much as a month among old ones.
    public static var anyTurn: UUID {
        let scale = 1 << Int.random(in: 0..<28)
        return .v7(at: .now() + .seconds(-Int.random(in: scale..<2 * scale)))
    }
}
