import Base

/// What a queue in memory holds, for one thread at a time; the time is always told.
struct MemoryQueueState {
    let schedule: RetrySchedule
    var entries: [ID<Job>: MemoryQueueEntry] = [:]
    var topics: [QueueTopic: MemoryQueueTopic] = [:]
    private var timers = Heap<QueueTimer>()

    init(_ schedule: RetrySchedule) {
        self.schedule = schedule
    }

    /// The next moment at which something happens by itself.
    var nextTimer: Timestamp? { timers.first?.time }

    mutating func enqueue(_ jobs: [NewJob], at now: Timestamp) -> Int {
        var added = 0
        for job in jobs where entries[job.id] == nil {
            let entry = MemoryQueueEntry(job: job, enqueuedAt: now, time: now)
            entries[job.id] = entry
            topics[job.topic, default: MemoryQueueTopic()].count(entry.status, of: job.tenant, by: 1)
            schedule(job.id, at: now.saturatingAdd(job.delay), now)
            added += 1
        }
        return added
    }

    mutating func tend(at now: Timestamp) {
        forgetStaleTimers()
        while let timer = timers.first, timer.time <= now {
            timers.removeFirst()
            guard let entry = entries[timer.id], entry.version == timer.version else { continue }
            if entry.status == .running {
                fail(timer.id, "lease_expired", isFinal: false, at: now)
            } else {
                move(timer.id, to: .waiting, entry.time)
            }
        }
    }

    /// Drops the timers of jobs that were done long before their leases' ends, once they are the most.
    private mutating func forgetStaleTimers() {
        guard timers.count > 2 * entries.count + 1_000 else { return }
        timers.removeAll { entries[$0.id]?.version != $0.version }
    }

    /// Has a job come again, or buries it.
    mutating func fail(
        _ id: ID<Job>,
        _ error: String,
        isFinal: Bool,
        notBefore wait: Duration = .zero,
        at now: Timestamp
    ) {
        guard let entry = entries[id] else { return }
        guard !entry.isCancelled else { return remove(id) }
        entries[id]?.error = error
        if !isFinal, let delay = schedule.delay(afterAttempts: entry.attempt) {
            schedule(id, at: now.saturatingAdd(max(delay, wait)), now)
        } else {
            move(id, to: .dead, now)
        }
    }

    /// Makes a job due at a time.
    mutating func schedule(_ id: ID<Job>, at due: Timestamp, _ now: Timestamp) {
        move(id, to: due <= now ? .waiting : .delayed, due)
    }

    /// Changes a job's status, and puts it where it is found again.
    mutating func move(_ id: ID<Job>, to status: MemoryQueueEntry.Status, _ time: Timestamp) {
        guard var entry = entries[id] else { return }
        let tenant = entry.job.tenant
        topics[entry.job.topic]?.count(entry.status, of: tenant, by: -1)
        topics[entry.job.topic]?.count(status, of: tenant, by: 1)
        entry.status = status
        entry.time = time
        entry.version += 1
        entries[id] = entry
        switch status {
        case .waiting: topics[entry.job.topic]?.ready[tenant, default: Heap()].insert(ReadyPlace(entry))
        case .delayed, .running: timers.insert(QueueTimer(entry))
        case .dead: break
        }
    }

    mutating func remove(_ id: ID<Job>) {
        guard let entry = entries.removeValue(forKey: id) else { return }
        topics[entry.job.topic]?.count(entry.status, of: entry.job.tenant, by: -1)
        if topics[entry.job.topic]?.isEmpty == true { topics[entry.job.topic] = nil }
    }
}
