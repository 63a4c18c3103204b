import Queue

internal import Core

/// How long steps take, by topic, and so how many are worth having.
struct StepPace {
    private var means: [QueueTopic: Duration] = [:]

    /// What a step is thought to take that nobody has seen.
    private static let guess = Duration.seconds(1)

    /// Shorter than any step, so that dividing by it makes sense.
    private static let shortest = Duration.microseconds(1)

    /// How long a step of a topic takes.
    func mean(of topic: QueueTopic) -> Duration { means[topic] ?? Self.guess }

    /// Takes note of a step: the last few count most.
    mutating func note(_ took: Duration, of topic: QueueTopic) {
        let took = max(took, Self.shortest)
        guard let mean = means[topic] else {
            means[topic] = took
            return
        }
        means[topic] = max(mean + (took - mean) / 8, Self.shortest)
    }

    /// How long all threads together need for steps that wait.
    func work(_ waiting: [QueueTopic: Int]) -> Duration {
        waiting.reduce(.zero) { $0 + mean(of: $1.key) * $1.value }
    }

    /// How many steps of a topic can be done in so much time, by one thread.
    func count(of topic: QueueTopic, in time: Duration) -> Int {
        guard time > .zero else { return 0 }
        return Int(min(time / mean(of: topic), Double(WorkerSettings.largestBatch)))
    }
}
