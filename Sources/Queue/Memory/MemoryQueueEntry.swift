import Base

/// A job as a queue in memory keeps it.
struct MemoryQueueEntry {
    enum Status {
        case available, scheduled, running, deadLettered
    }

    let job: NewJob
    let enqueuedAt: Timestamp

    var status = Status.scheduled

    /// When it is due, its lease is over, or it died.
    var time: Timestamp

    var attempt = 0
    var fence: Int64 = 0
    var isCancelled = false
    var error = ""

    /// One more with each change, so that a place in a heap that was for an earlier state is known.
    var version = 0
}

/// A place among the jobs of one tenant that are due.
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

/// A moment at which a job is due or its lease is over.
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

/// What a queue in memory knows of one topic.
struct MemoryQueueTopic {
    var available = 0
    var scheduled = 0
    var running = 0
    var deadLettered = 0

    /// The jobs that are due, by tenant; places of jobs that are not so any more among them.
    var ready: [UUID?: Heap<ReadyPlace>] = [:]

    /// How many jobs each tenant has under way; none is not kept.
    var runningOfTenant: [UUID?: Int] = [:]

    /// Whose job was claimed last.
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

    /// The tenant whose turn it is, of those that may have another job under way and may have one that is due: the one
    /// that comes after the last, or else the first.
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

/// Elements of which the least is at hand (Williams, 1964).
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
        // What is sorted is a heap.
        elements.sort()
    }

    private func leastChild(of parent: Int) -> Int? {
        let children = (2 * parent + 1)...(2 * parent + 2)
        return children.filter { $0 < elements.count }.min { elements[$0] < elements[$1] }
    }
}

extension Timestamp {
    /// The point some time later, rounded up to the microsecond: never sooner, and at the end of time at the latest.
    func saturatingAdd(_ duration: Duration) -> Timestamp {
        let nanoseconds = duration.nanosecondsClamped
        let microseconds = nanoseconds / 1_000 + (nanoseconds % 1_000 == 0 ? 0 : 1)
        let (sum, overflow) = microsecondsSince1970.addingReportingOverflow(Int64(clamping: microseconds))
        return Timestamp(microsecondsSince1970: overflow ? .max : sum)
    }

    /// How long ago another point was; nothing for a later one.
    func duration(since other: Timestamp) -> Duration {
        .microseconds(max(microsecondsSince1970 - other.microsecondsSince1970, 0))
    }
}
