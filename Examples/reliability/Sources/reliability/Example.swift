import Base
import Dispatch
import Queue
import Reliability

/// Shows the library product Reliability without Postgres: a circuit breaker inside retries, a queue in memory with
/// four workers, and the two mutexes.
@main
struct Example {
    static func main() throws {
        try askUnreliableProvider()
        try askBrokenProvider()
        try workOffQueue()
        try waitForLock()
    }

    /// Retries around a circuit breaker: the provider fails twice and then answers.
    static func askUnreliableProvider() throws {
        var provider = Provider(failuresLeft: 2)
        let breaker = try CircuitBreaker("weather", policy: CircuitBreakerPolicy(failureThreshold: 3))
        let retry = Retry(try RetryPolicy(maxRetries: 3, base: .milliseconds(10), cap: .milliseconds(40)))
        var store = MemoryCircuitBreakerStore()

        let answer = try retry.run(
            deadline: .after(.seconds(5)),
            decide: { $0 is CircuitBreakerError ? .stop : .retry() }
        ) { number in
            print("attempt \(number + 1)")
            return try breaker.call(through: &store, classify: { _ in .failure(error: "unavailable") }) {
                try provider.ask("Will it rain?")
            }
        }
        print("answer: \(answer)")
    }

    /// A circuit breaker opens after three consecutive failures, and rejects the calls that follow.
    static func askBrokenProvider() throws {
        var provider = Provider(failuresLeft: .max)
        let breaker = try CircuitBreaker("weather", policy: CircuitBreakerPolicy(failureThreshold: 3))
        var store = MemoryCircuitBreakerStore()
        for _ in 1...5 {
            do {
                print(
                    try breaker.call(through: &store, classify: { _ in .failure(error: "unavailable") }) {
                        try provider.ask("Will it rain?")
                    }
                )
            } catch let error as CircuitBreakerError {
                print("rejected: the circuit breaker is \(error.reason)")
            } catch {
                print("failed: \(error)")
            }
        }
    }

    /// Four workers claim jobs until none is left.
    ///
    /// The first attempt at job 3 fails, so the queue retries it.
    static func workOffQueue() throws {
        guard let topic = QueueTopic("numbers") else { return }
        let queue = MemoryQueue(schedule: RetrySchedule(delays: [.zero, .milliseconds(10)]))
        queue.enqueue((1...10).map { NewJob(topic, JSONText($0)) })
        let results = Mutex<[Int]>([])

        DispatchQueue.concurrentPerform(iterations: 4) { _ in
            let claim = JobClaim(topic, lease: .seconds(30))
            while let job = queue.claim(claim, until: .after(.milliseconds(200))).first {
                guard let number = Int(job.payload.description), number != 3 || job.attempt > 1 else {
                    queue.finish([JobResult(job.lease, .failed(error: "unlucky"))])
                    continue
                }
                results.withLock { $0.append(number) }
                queue.finish([JobResult(job.lease, .completed)])
            }
        }
        print("jobs done: \(results.withLock { $0.sorted() })")
    }

    /// A timed mutex: a thread that gives up waiting never holds the lock.
    static func waitForLock() throws {
        let balance = TimedMutex(100)
        try balance.withLock(until: .after(.seconds(1))) { balance in
            balance -= 30
        }
        let left = try balance.withLock(until: .after(.seconds(1))) { balance in balance }
        print("balance: \(left)")

        let held = DispatchSemaphore(value: 0)
        let done = DispatchSemaphore(value: 0)
        DispatchQueue.global().async {
            _ = try? balance.withLock(until: .distantFuture) { _ in
                held.signal()
                done.wait()
            }
        }
        held.wait()
        do {
            try balance.withLock(until: .after(.milliseconds(20))) { _ in print("not reached") }
        } catch LockError.timedOut {
            print("the lock was not free in time")
        }
        done.signal()
    }
}

/// A provider that fails a number of times before it answers.
struct Provider {
    var failuresLeft: Int

    mutating func ask(_ question: String) throws(ProviderError) -> String {
        guard failuresLeft == 0 else {
            failuresLeft -= 1
            throw .unavailable
        }
        return "No."
    }
}

enum ProviderError: Error {
    case unavailable
}
