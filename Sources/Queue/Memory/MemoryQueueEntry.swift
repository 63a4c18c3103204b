import Base

/// A job as a queue in memory keeps it.
struct MemoryQueueEntry {
    enum Status {
        case waiting, delayed, running, dead
    }

    let job: NewJob
    let enqueuedAt: Timestamp

    var status = Status.delayed

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
