import Base

/// What a queue in memory knows of one topic.
struct MemoryQueueTopic {
    var waiting = 0
    var delayed = 0
    var running = 0
    var dead = 0

    /// The jobs that are due, by tenant; places of jobs that are not so any more among them.
    var ready: [UUID?: Heap<ReadyPlace>] = [:]

    /// How many jobs each tenant has under way; none is not kept.
    var runningOfTenant: [UUID?: Int] = [:]

    /// Whose job was claimed last.
    var lastTurn: UUID?

    mutating func count(_ status: MemoryQueueEntry.Status, of tenant: UUID?, by change: Int) {
        switch status {
        case .waiting: waiting += change
        case .delayed: delayed += change
        case .running:
            running += change
            let rest = (runningOfTenant[tenant] ?? 0) + change
            runningOfTenant[tenant] = rest == 0 ? nil : rest
        case .dead: dead += change
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

    var isEmpty: Bool { waiting + delayed + running + dead == 0 }
}
