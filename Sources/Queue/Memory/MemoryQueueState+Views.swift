import Base

extension MemoryQueueState {
    func counts(of name: QueueTopic, at now: Timestamp) -> QueueCounts {
        var counts = QueueCounts()
        guard let topic = topics[name] else { return counts }
        counts.waiting = topic.waiting
        counts.delayed = topic.delayed
        counts.running = topic.running
        counts.dead = topic.dead
        for entry in entries.values where entry.job.topic == name && entry.status != .dead {
            counts.oldestAge = max(counts.oldestAge ?? .zero, now.duration(since: entry.enqueuedAt))
            guard entry.status == .waiting else { continue }
            counts.longestWait = max(counts.longestWait ?? .zero, now.duration(since: entry.time))
        }
        return counts
    }

    func deadLetters(of topic: QueueTopic, limit: Int, after: KeysetPosition<ID<Job>>?) -> [DeadLetter] {
        let dead = entries.values.filter { entry in
            guard entry.status == .dead, entry.job.topic == topic else { return false }
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
                diedAt: entry.time
            )
        }
    }

    mutating func redrive(_ topic: QueueTopic, limit: Int, at now: Timestamp) -> Int {
        let letters = deadLetters(of: topic, limit: limit, after: nil)
        for letter in letters {
            entries[letter.id]?.attempt = 0
            move(letter.id, to: .waiting, now)
        }
        return letters.count
    }
}
