import Base

/// The contents of a queue in memory.
///
/// It is not thread-safe, and it takes the time as a parameter.
struct MemoryQueueState {
    let schedule: RetrySchedule
    var entries: [ID<Job>: MemoryQueueEntry] = [:]
    var topics: [QueueTopic: MemoryQueueTopic] = [:]
    private var timers = Heap<QueueTimer>()

    init(_ schedule: RetrySchedule) {
        self.schedule = schedule
    }

    /// The next time at which a job becomes due or a lease expires.
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
                move(timer.id, to: .available, entry.time)
            }
        }
    }

    /// Drops stale timers once they outnumber the others.
    ///
    /// A job that is finished early leaves its lease's timer behind.
    private mutating func forgetStaleTimers() {
        guard timers.count > 2 * entries.count + 1_000 else { return }
        timers.removeAll { entries[$0.id]?.version != $0.version }
    }

    /// Schedules the next attempt of a failed job, or dead-letters the job.
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
            move(id, to: .deadLettered, now)
        }
    }

    /// Makes a job due at a time.
    mutating func schedule(_ id: ID<Job>, at due: Timestamp, _ now: Timestamp) {
        move(id, to: due <= now ? .available : .scheduled, due)
    }

    /// Changes the status of a job and adds it to the heaps of its new status.
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
        case .available: topics[entry.job.topic]?.ready[tenant, default: Heap()].insert(ReadyPlace(entry))
        case .scheduled, .running: timers.insert(QueueTimer(entry))
        case .deadLettered: break
        }
    }

    mutating func remove(_ id: ID<Job>) {
        guard let entry = entries.removeValue(forKey: id) else { return }
        topics[entry.job.topic]?.count(entry.status, of: entry.job.tenant, by: -1)
        if topics[entry.job.topic]?.isEmpty == true { topics[entry.job.topic] = nil }
    }
}

extension MemoryQueueState {
    mutating func claim(_ claim: JobClaim, fence: inout Int64, at now: Timestamp) -> [Job] {
        tend(at: now)
        var jobs: [Job] = []
        while jobs.count < claim.count, let id = takeNext(claim) {
            guard var entry = entries[id] else { break }
            fence += 1
            entry.fence = fence
            entry.attempt += 1
            entries[id] = entry
            move(id, to: .running, now.saturatingAdd(claim.lease))
            jobs.append(
                Job(
                    id: id,
                    topic: entry.job.topic,
                    payload: entry.job.payload,
                    tenant: entry.job.tenant,
                    attempt: entry.attempt,
                    enqueuedAt: entry.enqueuedAt,
                    lease: JobLease(job: id, fence: fence)
                )
            )
        }
        return jobs
    }

    mutating func heartbeat(_ lease: JobLease, extendingBy duration: Duration, at now: Timestamp) -> LeaseState {
        guard let entry = held(lease) else { return .lost }
        move(lease.job, to: .running, now.saturatingAdd(duration))
        return entry.isCancelled ? .cancelled : .held
    }

    mutating func finish(_ result: JobResult, at now: Timestamp) -> Bool {
        guard let entry = held(result.lease) else { return false }
        let id = result.lease.job
        switch result.outcome {
        case .completed: remove(id)
        case .failed(let error, let isFinal, let wait): fail(id, error, isFinal: isFinal, notBefore: wait, at: now)
        case .released where entry.isCancelled: remove(id)
        case .released(let delay):
            entries[id]?.attempt -= 1
            schedule(id, at: now.saturatingAdd(delay), now)
        }
        return true
    }

    mutating func cancel(_ id: ID<Job>) -> JobCancellation {
        switch entries[id]?.status {
        case .available, .scheduled:
            forgetPlace(of: id)
            remove(id)
            return .removed
        case .running:
            entries[id]?.isCancelled = true
            return .requested
        case .deadLettered, nil: return .unknown
        }
    }

    /// Removes a due job from its heap.
    ///
    /// A stale entry might otherwise stay forever, if no claim reaches it.
    private mutating func forgetPlace(of id: ID<Job>) {
        guard let entry = entries[id], entry.status == .available else { return }
        topics[entry.job.topic]?.ready[entry.job.tenant]?.removeAll { $0.id == id }
    }

    /// The job of a lease; nil if the lease is lost.
    private func held(_ lease: JobLease) -> MemoryQueueEntry? {
        guard let entry = entries[lease.job], entry.status == .running, entry.fence == lease.fence else { return nil }
        return entry
    }

    /// Removes the next job that the limits allow from its heap.
    private mutating func takeNext(_ claim: JobClaim) -> ID<Job>? {
        while let tenant = topics[claim.topic]?.nextTurn(for: claim) {
            // A tenant without due jobs was removed, so the next tenant gets its turn.
            guard let place = firstReady(of: tenant, in: claim.topic) else { continue }
            topics[claim.topic]?.ready[tenant]?.removeFirst()
            topics[claim.topic]?.lastTurn = tenant ?? .noTenant
            return place.id
        }
        return nil
    }

    /// The first due job of a tenant, after stale entries were removed.
    private mutating func firstReady(of tenant: UUID?, in topic: QueueTopic) -> ReadyPlace? {
        while let place = topics[topic]?.ready[tenant]?.first {
            if entries[place.id]?.version == place.version { return place }
            topics[topic]?.ready[tenant]?.removeFirst()
        }
        topics[topic]?.ready[tenant] = nil
        return nil
    }
}

extension MemoryQueueState {
    func counts(of name: QueueTopic, at now: Timestamp) -> QueueCounts {
        var counts = QueueCounts()
        guard let topic = topics[name] else { return counts }
        counts.available = topic.available
        counts.scheduled = topic.scheduled
        counts.running = topic.running
        counts.deadLettered = topic.deadLettered
        for entry in entries.values where entry.job.topic == name && entry.status != .deadLettered {
            counts.oldestAge = max(counts.oldestAge ?? .zero, now.duration(since: entry.enqueuedAt))
            guard entry.status == .available else { continue }
            counts.longestWait = max(counts.longestWait ?? .zero, now.duration(since: entry.time))
        }
        return counts
    }

    func deadLetters(of topic: QueueTopic, limit: Int, after: KeysetPosition<ID<Job>>?) -> [DeadLetter] {
        let dead = entries.values.filter { entry in
            guard entry.status == .deadLettered, entry.job.topic == topic else { return false }
            guard let after else { return true }
            return (entry.time, entry.job.id.uuid) > (after.time, after.key.uuid)
        }
        return dead.sorted { ($0.time, $0.job.id.uuid) < ($1.time, $1.job.id.uuid) }.prefix(max(limit, 0)).map {
            entry in
            DeadLetter(
                id: entry.job.id,
                topic: entry.job.topic,
                payload: entry.job.payload,
                tenant: entry.job.tenant,
                attempts: entry.attempt,
                error: entry.error,
                enqueuedAt: entry.enqueuedAt,
                deadLetteredAt: entry.time
            )
        }
    }

    mutating func redrive(_ topic: QueueTopic, limit: Int, at now: Timestamp) -> Int {
        let letters = deadLetters(of: topic, limit: limit, after: nil)
        for letter in letters {
            entries[letter.id]?.attempt = 0
            move(letter.id, to: .available, now)
        }
        return letters.count
    }
}
