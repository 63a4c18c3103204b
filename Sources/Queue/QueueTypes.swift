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

/// One claim of one job.
///
/// Another claim of the same job has another fence, so that whoever comes too late is known; so has a claim of a job
/// that was done and put in again under its id.
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

/// What became of a job that was claimed.
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

/// What a claimant says of a job.
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

/// What a heartbeat found.
public enum LeaseState: Hashable, Sendable {
    /// The job is the claimant's for another lease.
    case held
    /// As ``held``, but nobody wants the job done any more: it should be ended soon.
    case cancelled
    /// The job is not the claimant's any more; whatever it says of it changes nothing.
    case lost
}

/// What came of cancelling a job.
public enum JobCancellation: Hashable, Sendable {
    /// Nobody had claimed it: it is gone.
    case removed
    /// Somebody works on it, and learns of it with the next heartbeat. It will not be tried again.
    case requested
    /// There is no such job, or it is dead.
    case unknown
}

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
