import Base

/// A job in a queue in memory.
struct MemoryQueueEntry {
    enum Status {
        case available, scheduled, running, deadLettered
    }

    let job: NewJob
    let enqueuedAt: Timestamp

    var status = Status.scheduled

    /// When the job is due, its lease expires, or it was dead-lettered, depending on its status.
    var time: Timestamp

    var attempt = 0
    var fence: Int64 = 0
    var isCancelled = false
    var error = ""

    /// Incremented with each change, so that heap entries for earlier states can be recognised.
    var version = 0
}

/// The position of a due job among the jobs of its tenant.
struct ReadyPlace: Comparable {
    let id: ID<Job>
    let version: Int
    private let priority: Int16
    private let due: Timestamp

    init(_ entry: MemoryQueueEntry) {
        id = entry.job.id
        version = entry.version
        priority = entry.job.priority
        due = entry.time
    }

    static func < (left: ReadyPlace, right: ReadyPlace) -> Bool {
        (left.priority, left.due, left.id.uuid) < (right.priority, right.due, right.id.uuid)
    }
}

/// The time at which a job becomes due or its lease expires.
struct QueueTimer: Comparable {
    let time: Timestamp
    let id: ID<Job>
    let version: Int

    init(_ entry: MemoryQueueEntry) {
        time = entry.time
        id = entry.job.id
        version = entry.version
    }

    static func < (left: QueueTimer, right: QueueTimer) -> Bool {
        left.time < right.time
    }
}

/// The state of one topic.
struct MemoryQueueTopic {
    var available = 0
    var scheduled = 0
    var running = 0
    var deadLettered = 0

    /// The due jobs by tenant.
    ///
    /// The heaps may contain stale entries.
    var ready: [UUID?: Heap<ReadyPlace>] = [:]

    /// The number of running jobs by tenant; tenants without running jobs are absent.
    var runningOfTenant: [UUID?: Int] = [:]

    /// The tenant of the last claimed job.
    var lastTurn: UUID?

    mutating func count(_ status: MemoryQueueEntry.Status, of tenant: UUID?, by change: Int) {
        switch status {
        case .available: available += change
        case .scheduled: scheduled += change
        case .running:
            running += change
            let rest = (runningOfTenant[tenant] ?? 0) + change
            runningOfTenant[tenant] = rest == 0 ? nil : rest
        case .deadLettered: deadLettered += change
        }
    }

    /// The tenant whose turn it is, among those below their limit that may have a due job: the first one after the
    /// last turn, or else the first one.
    func nextTurn(for claim: JobClaim) -> UUID?? {
        func turn(of tenant: UUID?) -> (Int, UUID) {
            let key = tenant ?? .noTenant
            return (lastTurn.map { key <= $0 ? 1 : 0 } ?? 0, key)
        }
        return tenantsWithRoom(for: claim).min { turn(of: $0) < turn(of: $1) }
    }

    private func tenantsWithRoom(for claim: JobClaim) -> [UUID?] {
        guard running < claim.topicLimit ?? .max else { return [] }
        return ready.keys.filter { tenant in
            (runningOfTenant[tenant] ?? 0) < claim.tenantLimit ?? .max
                && claim.tenants?.contains(tenant ?? .noTenant) ?? true
        }
    }

    var isEmpty: Bool { available + scheduled + running + deadLettered == 0 }
}

/// A binary min-heap (Williams, 1964).
struct Heap<Element: Comparable> {
    private var elements: [Element] = []

    /// The least element.
    var first: Element? { elements.first }

    var count: Int { elements.count }

    mutating func insert(_ element: Element) {
        elements.append(element)
        var child = elements.count - 1
        while child > 0, case let parent = (child - 1) / 2, elements[child] < elements[parent] {
            elements.swapAt(child, parent)
            child = parent
        }
    }

    @discardableResult
    mutating func removeFirst() -> Element? {
        guard let last = elements.popLast() else { return nil }
        guard let first = elements.first else { return last }
        elements[0] = last
        var parent = 0
        while let child = leastChild(of: parent), elements[child] < elements[parent] {
            elements.swapAt(child, parent)
            parent = child
        }
        return first
    }

    mutating func removeAll(where isSuperfluous: (Element) -> Bool) {
        elements.removeAll(where: isSuperfluous)
        // A sorted array is a heap.
        elements.sort()
    }

    private func leastChild(of parent: Int) -> Int? {
        let children = (2 * parent + 1)...(2 * parent + 2)
        return children.filter { $0 < elements.count }.min { elements[$0] < elements[$1] }
    }
}

extension Timestamp {
    /// The time after a duration, rounded up to the microsecond; it saturates at the latest time.
    func saturatingAdd(_ duration: Duration) -> Timestamp {
        let nanoseconds = duration.nanosecondsClamped
        let microseconds = nanoseconds / 1_000 + (nanoseconds % 1_000 == 0 ? 0 : 1)
        let (sum, overflow) = microsecondsSince1970.addingReportingOverflow(Int64(clamping: microseconds))
        return Timestamp(microsecondsSince1970: overflow ? .max : sum)
    }

    /// The time since another point in time; zero if that is later.
    func duration(since other: Timestamp) -> Duration {
        .microseconds(max(microsecondsSince1970 - other.microsecondsSince1970, 0))
    }
}
