import Base
import Core
import TestSupport
import Testing
import Queue

/// Counts, dead letters and redrives.
extension QueueConformance {
    func checkCounts(_ subject: QueueUnderTest<some Queue & SendableMetatype & ~Copyable>) throws {
        var queue = try subject.open()
        let topic = try QueueTopic.test()
        let other = try QueueTopic.test("step.other")
        func counts(_ waiting: Int, _ delayed: Int, _ running: Int, _ dead: Int) -> [Int] {
            [waiting, delayed, running, dead]
        }
        func seen(_ topic: QueueTopic, _ queue: inout some Queue & ~Copyable) throws -> [Int] {
            let seen = try queue.counts(of: topic)
            return counts(seen.available, seen.scheduled, seen.running, seen.deadLettered)
        }
        try queue.enqueue((0..<5).map { NewJob(topic, $0, delay: .seconds(1)) })
        try queue.enqueue([NewJob(other, 9), NewJob(topic, 5), NewJob(topic, 6)])
        #expect(try seen(topic, &queue) == counts(2, 5, 0, 0))
        #expect(try seen(other, &queue) == counts(1, 0, 0, 0))
        try subject.pass(.seconds(1))
        try queue.tend()
        #expect(try seen(topic, &queue) == counts(7, 0, 0, 0))
        let jobs = try queue.claim(JobClaim(topic, count: 4))
        #expect(try seen(topic, &queue) == counts(3, 0, 4, 0))
        try queue.finish([
            JobResult(jobs[0].lease, .completed), JobResult(jobs[1].lease, .failed(error: "no")),
            JobResult(jobs[2].lease, .failed(error: "no", isFinal: true)),
        ])
        #expect(try seen(topic, &queue) == counts(3, 1, 1, 1))
        #expect(try seen(other, &queue) == counts(1, 0, 0, 0))
    }

    func checkAges(_ subject: QueueUnderTest<some Queue & SendableMetatype & ~Copyable>) throws {
        var queue = try subject.open()
        let topic = try QueueTopic.test()
        #expect(try queue.counts(of: topic) == QueueCounts())
        try queue.enqueue(NewJob(topic, 1, delay: .seconds(10)))
        try subject.pass(.seconds(4))
        try queue.tend()
        let delayed = try queue.counts(of: topic)
        #expect((delayed.oldestAge, delayed.longestWait) == (.seconds(4), nil))
        try subject.pass(.seconds(9))
        try queue.tend()
        let due = try queue.counts(of: topic)
        #expect((due.oldestAge, due.longestWait) == (.seconds(13), .seconds(3)))
        let job = try #require(try queue.claim(JobClaim(topic)).first)
        try queue.enqueue(NewJob(topic, 2))
        #expect(try queue.finish(job.lease, .failed(error: "no")))
        try subject.pass(.seconds(1))
        let failed = try queue.counts(of: topic)
        #expect((failed.oldestAge, failed.longestWait) == (.seconds(14), .seconds(1)))
    }

    /// Enqueues jobs and dead-letters them.
    private func bury(_ jobs: [NewJob], _ queue: inout some Queue & ~Copyable) throws {
        try queue.enqueue(jobs)
        for topic in Set(jobs.map(\.topic)) {
            let claimed = try queue.claim(JobClaim(topic, count: jobs.count))
            try queue.finish(claimed.map { JobResult($0.lease, .failed(error: "no", isFinal: true)) })
        }
    }

    func checkRedrive(_ subject: QueueUnderTest<some Queue & SendableMetatype & ~Copyable>) throws {
        var queue = try subject.open()
        let topic = try QueueTopic.test()
        let other = try QueueTopic.test("step.other")
        let jobs = [NewJob(topic, 1, priority: 3), NewJob(other, 2)]
        try bury(jobs, &queue)
        let letter = try #require(try queue.deadLetters(of: topic, limit: 9, after: nil).first)
        try subject.pass(.seconds(60))
        #expect(try queue.redrive(topic, limit: 9) == 1)
        #expect(try queue.redrive(topic, limit: 9) == 0)
        let job = try #require(try queue.claim(JobClaim(topic)).first)
        #expect((job.id, job.number, job.attempt, job.enqueuedAt) == (jobs[0].id, 1, 1, letter.enqueuedAt))
        #expect(try queue.counts(of: topic).deadLettered == 0)
        #expect(try queue.counts(of: other).deadLettered == 1)
        // A redriven job has all its attempts again.
        #expect(try queue.finish(job.lease, .failed(error: "no")))
        #expect(try queue.counts(of: topic).scheduled == 1)
    }

    func checkRedriveLimit(_ subject: QueueUnderTest<some Queue & SendableMetatype & ~Copyable>) throws {
        var queue = try subject.open()
        let topic = try QueueTopic.test()
        try bury((0..<510).map { NewJob(topic, $0) }, &queue)
        #expect(try queue.redrive(topic, limit: -1) == 0)
        #expect(try queue.redrive(topic, limit: 3) == 3)
        #expect(try queue.redrive(topic, limit: .max) == 500)
        #expect(try queue.counts(of: topic).available == 503)
        #expect(try queue.redrive(topic, limit: 500) == 7)
    }

    func checkPages(_ subject: QueueUnderTest<some Queue & SendableMetatype & ~Copyable>) throws {
        var queue = try subject.open()
        let topic = try QueueTopic.test()
        for number in 0..<5 {
            try bury([NewJob(topic, 2 * number), NewJob(topic, 2 * number + 1)], &queue)
            try subject.pass(.seconds(1))
        }
        var pages: [[DeadLetter]] = []
        repeat {
            pages.append(try queue.deadLetters(of: topic, limit: 3, after: pages.last?.last?.place))
            // Jobs that were redriven meanwhile are skipped, and no others.
            if pages.count == 1 { #expect(try queue.redrive(topic, limit: 3) == 3) }
        } while pages.last?.isEmpty == false
        #expect(pages.map(\.count) == [3, 3, 3, 1, 0])
        let numbers = pages.joined().compactMap { Int($0.payload.description) }
        #expect(numbers.sorted() == Array(0..<10))
        #expect(numbers.map { $0 / 2 } == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
        #expect(try queue.deadLetters(of: topic, limit: 0, after: nil).isEmpty)
    }

    func checkRace(_ subject: QueueUnderTest<some Queue & SendableMetatype & ~Copyable>) throws {
        let topic = try QueueTopic.test()
        let tenants: [UUID?] = [nil, .v7(), .v7()]
        let done = Counter()
        let count = 150
        let shares = try runConcurrently(8) { number, barrier in
            var queue = try subject.open()
            var mine: [Int] = []
            barrier()
            for index in 0..<count {
                let job = NewJob(topic, number * count + index, tenant: tenants[index % 3], priority: Int16(index % 5))
                try queue.enqueue(job)
            }
            var claims = 0
            while done.value < 8 * count {
                claims += 1
                let jobs = try queue.claim(JobClaim(topic, count: 1 + claims % 7, lease: .seconds(600), topicLimit: 40))
                let results = jobs.map { job in
                    // Every third claim is released, which gives its attempt back.
                    JobResult(job.lease, claims % 3 == 0 ? .released() : .completed)
                }
                #expect(try queue.finish(results).allSatisfy { $0 })
                #expect(jobs.allSatisfy { $0.attempt == 1 })
                guard claims % 3 != 0 else { continue }
                mine += jobs.compactMap(\.number)
                done.add(jobs.count)
            }
            return mine
        }
        #expect(shares.joined().sorted() == Array(0..<(8 * count)))
        var queue = try subject.open()
        #expect(try queue.counts(of: topic) == QueueCounts())
    }
}
