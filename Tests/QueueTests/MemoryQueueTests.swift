import Base
import Core
import Glibc
import Synchronization
import TestSupport
import Testing
import Queue

@Suite struct MemoryQueueTests {
    private final class SettableClock: Sendable {
        private let time = Atomic<Int64>(1_800_000_000_000_000)

        var now: Timestamp { Timestamp(microsecondsSince1970: time.load(ordering: .sequentiallyConsistent)) }

        func pass(_ duration: Duration) {
            let (seconds, attoseconds) = duration.components
            time.add(seconds * 1_000_000 + attoseconds / 1_000_000_000_000, ordering: .sequentiallyConsistent)
        }
    }

    /// A queue whose clock stands still.
    private static func queueAndClock() -> (MemoryQueue, SettableClock) {
        let clock = SettableClock()
        return (MemoryQueue { clock.now }, clock)
    }

    @Test(arguments: QueueConformance.allCases)
    func `a queue in memory fulfils the queue contract`(_ check: QueueConformance) throws {
        let (queue, clock) = Self.queueAndClock()
        try check.check(QueueUnderTest(open: { queue }, pass: { clock.pass($0) }))
    }

    @Test func `a waiting claim gets a job that is enqueued`() throws {
        let queue = MemoryQueue()
        let topic = try QueueTopic.test()
        let waiter = TestThread { queue.claim(JobClaim(topic), until: .test).map(\.number) }
        queue.enqueue([NewJob(topic, 7)])
        #expect(waiter.join() == [7])
    }

    @Test func `a waiting claim gets a job when its delay or lease ends, or a limit permits it`() throws {
        let queue = MemoryQueue(schedule: RetrySchedule(delays: [.zero, .milliseconds(5)]))
        let topic = try QueueTopic.test()
        queue.enqueue([NewJob(topic, 1, delay: .milliseconds(5))])
        let claim = JobClaim(topic, lease: .milliseconds(5), topicLimit: 1)
        #expect(queue.claim(claim, until: .test).map(\.attempt) == [1])
        let again = queue.claim(JobClaim(topic, lease: .seconds(600), topicLimit: 1), until: .test)
        #expect(again.map(\.attempt) == [2])
        queue.enqueue([NewJob(topic, 2)])
        let waiter = TestThread { queue.claim(claim, until: .test).map(\.number) }
        #expect(queue.claim(claim).isEmpty)
        #expect(queue.finish([JobResult(again[0].lease, .completed)]) == [true])
        #expect(waiter.join() == [2])
    }

    @Test func `a claim of the first due job does not delay other claims of the second`() throws {
        let queue = MemoryQueue()
        let topic = try QueueTopic.test()
        let claims = try runConcurrently(8) { number, barrier in
            barrier()
            for index in 0..<50 {
                queue.enqueue([NewJob(topic, number * 50 + index, delay: .microseconds(index * 37 % 1_000))])
            }
            var mine: [Int?] = []
            while mine.count < 50, let job = queue.claim(JobClaim(topic), until: .test).first {
                mine.append(job.number)
                queue.finish([JobResult(job.lease, .completed)])
            }
            return mine
        }
        #expect(claims.joined().compactMap { $0 }.sorted() == Array(0..<400))
    }

    @Test func `a clock that is set back leaves no job stuck`() throws {
        let (queue, clock) = Self.queueAndClock()
        let topic = try QueueTopic.test()
        queue.enqueue([NewJob(topic, 1, delay: .seconds(1))])
        clock.pass(.milliseconds(-5))
        clock.pass(.seconds(1))
        #expect(queue.claim(JobClaim(topic), until: .after(.zero)).isEmpty)
        let waiter = TestThread { queue.claim(JobClaim(topic), until: .test).map(\.number) }
        clock.pass(.milliseconds(5))
        #expect(waiter.join() == [1])
    }

    @Test func `a wait ends at its deadline and at a cancellation`() throws {
        let queue = MemoryQueue()
        let topic = try QueueTopic.test()
        let deadline = Deadline.after(.milliseconds(3))
        #expect(queue.claim(JobClaim(topic), until: deadline).isEmpty)
        #expect(deadline.hasPassed)
        let cancellation = Cancellation()
        let waiter = TestThread {
            queue.claim(JobClaim(topic), until: .distantFuture, cancellation: cancellation).count
        }
        cancellation.cancel()
        #expect(waiter.join() == 0)
    }

    @Test func `the timers of jobs that finished early are dropped, and no others`() throws {
        let (queue, clock) = Self.queueAndClock()
        let topic = try QueueTopic.test()
        let kept = NewJob(topic, -1, delay: .seconds(60))
        queue.enqueue([kept])
        for number in 0..<5_000 {
            queue.enqueue([NewJob(topic, number)])
            let job = try #require(queue.claim(JobClaim(topic, lease: .seconds(86_400))).first)
            #expect(job.number == number)
            #expect(queue.finish([JobResult(job.lease, .completed)]) == [true])
        }
        clock.pass(.seconds(60))
        #expect(queue.claim(JobClaim(topic)).map(\.id) == [kept.id])
    }

    @Test func `thousands of jobs are claimed in order, without cancelled ones`() throws {
        var random = SeededGenerator(seed: 4)
        let queue = MemoryQueue()
        let topic = try QueueTopic.test()
        let jobs = (0..<3_000).map { NewJob(topic, $0, priority: Int16.random(in: -9...9, using: &random)) }
        #expect(queue.enqueue(jobs) == 3_000)
        let cancelled = Set((0..<200).map { _ in Int.random(in: 0..<3_000, using: &random) })
        for index in cancelled { #expect(queue.cancel(jobs[index].id) == .removed) }
        let expected = jobs.enumerated().filter { !cancelled.contains($0.offset) }
            .sorted { ($0.element.priority, $0.offset) < ($1.element.priority, $1.offset) }
        #expect(queue.claim(JobClaim(topic, count: .max)).map(\.number) == expected.map(\.offset))
    }
}
