import Base

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
        case .waiting, .delayed:
            forgetPlace(of: id)
            remove(id)
            return .removed
        case .running:
            entries[id]?.isCancelled = true
            return .requested
        case .dead, nil: return .unknown
        }
    }

    /// Takes a job off the heap of those that are due; nobody may ever claim as far as its place.
    private mutating func forgetPlace(of id: ID<Job>) {
        guard let entry = entries[id], entry.status == .waiting else { return }
        topics[entry.job.topic]?.ready[entry.job.tenant]?.removeAll { $0.id == id }
    }

    /// The job whose claim it is, if it still is.
    private func held(_ lease: JobLease) -> MemoryQueueEntry? {
        guard let entry = entries[lease.job], entry.status == .running, entry.fence == lease.fence else { return nil }
        return entry
    }

    /// Takes the next job that the limits allow off its heap.
    private mutating func takeNext(_ claim: JobClaim) -> ID<Job>? {
        while let tenant = topics[claim.topic]?.nextTurn(for: claim) {
            // Without jobs it is forgotten, and the next one's turn.
            guard let place = firstReady(of: tenant, in: claim.topic) else { continue }
            topics[claim.topic]?.ready[tenant]?.removeFirst()
            topics[claim.topic]?.lastTurn = tenant ?? .noTenant
            return place.id
        }
        return nil
    }

    /// The first of a tenant's jobs that are due, once places are gone that mean nothing any more.
    private mutating func firstReady(of tenant: UUID?, in topic: QueueTopic) -> ReadyPlace? {
        while let place = topics[topic]?.ready[tenant]?.first {
            if entries[place.id]?.version == place.version { return place }
            topics[topic]?.ready[tenant]?.removeFirst()
        }
        topics[topic]?.ready[tenant] = nil
        return nil
    }
}
