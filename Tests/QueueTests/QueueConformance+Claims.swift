import Base
import Core
import TestSupport
import Testing
import Queue

/// Enqueueing and claiming.
extension QueueConformance {
    func checkOrder(_ subject: QueueUnderTest<some Queue & SendableMetatype & ~Copyable>) throws {
        var queue = try subject.open()
        let topic = try QueueTopic.test()
        try queue.enqueue([NewJob(topic, 1, priority: 5), NewJob(topic, 2, priority: -5), NewJob(topic, 3)])
        try subject.pass(.seconds(1))
        try queue.enqueue([NewJob(topic, 4, priority: -5), NewJob(topic, 5)])
        let jobs = try queue.claim(JobClaim(topic, count: 9))
        #expect(jobs.map(\.number) == [2, 4, 3, 5, 1])
    }

    func checkBatches(_ subject: QueueUnderTest<some Queue & SendableMetatype & ~Copyable>) throws {
        var queue = try subject.open()
        let topic = try QueueTopic.test()
        let other = try QueueTopic.test("step.other")
        #expect(try queue.enqueue((0..<5).map { NewJob(topic, $0) } + [NewJob(other, 9)]) == 6)
        #expect(try queue.claim(JobClaim(topic, count: 3)).map(\.number) == [0, 1, 2])
        #expect(try queue.claim(JobClaim(topic, count: 0)).isEmpty)
        #expect(try queue.claim(JobClaim(topic, count: 30)).map(\.number) == [3, 4])
        #expect(try queue.claim(JobClaim(topic, count: 30)).isEmpty)
        #expect(try queue.claim(JobClaim(other, count: 30)).map(\.number) == [9])
        #expect(try queue.claim(JobClaim(try .test("step.none"))).isEmpty)
    }

    func checkClaimedOnce(_ subject: QueueUnderTest<some Queue & SendableMetatype & ~Copyable>) throws {
        let topic = try QueueTopic.test()
        var queue = try subject.open()
        try queue.enqueue(NewJob(topic, 1))
        let claims = try runConcurrently(16) { _, barrier in
            var queue = try subject.open()
            barrier()
            return try queue.claim(JobClaim(topic)).count
        }
        #expect(claims.reduce(0, +) == 1)
    }

    func checkDelay(_ subject: QueueUnderTest<some Queue & SendableMetatype & ~Copyable>) throws {
        var queue = try subject.open()
        let topic = try QueueTopic.test()
        // More milliseconds than fit into 31 bits, and more than any clock counts.
        let long = Duration.seconds(30 * 86_400)
        try queue.enqueue([
            NewJob(topic, 1, delay: .seconds(5)), NewJob(topic, 2), NewJob(topic, 3, delay: long),
            NewJob(topic, 4, delay: .seconds(Int64.max)),
        ])
        #expect(try queue.claim(JobClaim(topic, count: 9, lease: long * 2)).map(\.number) == [2])
        try subject.pass(.milliseconds(4_999))
        #expect(try queue.claim(JobClaim(topic, count: 9)).isEmpty)
        try subject.pass(.milliseconds(1))
        #expect(try queue.claim(JobClaim(topic, count: 9, lease: long * 2)).map(\.number) == [1])
        try subject.pass(long)
        #expect(try queue.claim(JobClaim(topic, count: 9)).map(\.number) == [3])
        #expect(try queue.counts(of: topic).scheduled == 1)
    }

    func checkDuplicates(_ subject: QueueUnderTest<some Queue & SendableMetatype & ~Copyable>) throws {
        var queue = try subject.open()
        let topic = try QueueTopic.test()
        let job = NewJob(topic, 1)
        #expect(try queue.enqueue(job))
        #expect(try !queue.enqueue(job))
        let same = NewJob(try .test("step.other"), JSONText(2), id: job.id)
        #expect(try queue.enqueue([same, NewJob(topic, 3), job]) == 1)
        let jobs = try queue.claim(JobClaim(topic, count: 9))
        #expect(jobs.map(\.number) == [1, 3])
        #expect(try !queue.enqueue(job))
        // The id of a completed job can be used again.
        #expect(try queue.finish(jobs[0].lease, .completed))
        #expect(try queue.enqueue(job))
        // The lease of the earlier job does not apply to the new job with the same id.
        _ = try queue.claim(JobClaim(topic, count: 9))
        #expect(try !queue.finish(jobs[0].lease, .completed))
    }

    func checkPayload(_ subject: QueueUnderTest<some Queue & SendableMetatype & ~Copyable>) throws {
        var queue = try subject.open()
        let topic = try QueueTopic.test()
        let payloads = [#""run-42""#, #"{ "b":1, "a":[ 1.50, null ], "__attempt":9 }"#, "[]", "null", "0"]
        try queue.enqueue(payloads.map { NewJob(topic, JSONText(trusted: Array($0.utf8)), id: NewJob.nextID()) })
        for wait in [0, 2, 5, 10] {
            try subject.pass(.seconds(wait))
            let jobs = try queue.claim(JobClaim(topic, count: 9))
            #expect(jobs.map(\.payload.description) == payloads)
            try queue.finish(jobs.map { JobResult($0.lease, .failed(error: "no")) })
        }
        let letters = try queue.deadLetters(of: topic, limit: 9, after: nil)
        #expect(Set(letters.map(\.payload.description)) == Set(payloads))
    }

    func checkTopicLimit(_ subject: QueueUnderTest<some Queue & SendableMetatype & ~Copyable>) throws {
        var queue = try subject.open()
        let topic = try QueueTopic.test()
        try queue.enqueue((0..<9).map { NewJob(topic, $0) })
        let claim = JobClaim(topic, count: 3, topicLimit: 4)
        let first = try queue.claim(claim)
        #expect(first.map(\.number) == [0, 1, 2])
        #expect(try queue.claim(claim).map(\.number) == [3])
        #expect(try queue.claim(claim).isEmpty)
        try queue.finish([
            JobResult(first[0].lease, .completed), JobResult(first[1].lease, .failed(error: "no")),
            JobResult(first[2].lease, .released(after: .seconds(1))),
        ])
        #expect(try queue.claim(claim).map(\.number) == [4, 5, 6])
        #expect(try queue.claim(JobClaim(topic, count: 3, topicLimit: 0)).isEmpty)
    }

    func checkTenantLimit(_ subject: QueueUnderTest<some Queue & SendableMetatype & ~Copyable>) throws {
        var queue = try subject.open()
        let topic = try QueueTopic.test()
        let (busy, other) = (UUID.v7(), UUID.v7())
        try queue.enqueue((0..<6).map { NewJob(topic, $0, tenant: busy, priority: -1) })
        try queue.enqueue([NewJob(topic, 6, tenant: other), NewJob(topic, 7), NewJob(topic, 8), NewJob(topic, 9)])
        let claim = JobClaim(topic, count: 9, tenantLimit: 2)
        let jobs = try queue.claim(claim)
        #expect(jobs.filter { $0.tenant == busy }.map(\.number) == [0, 1])
        #expect(jobs.filter { $0.tenant == other }.map(\.number) == [6])
        #expect(jobs.filter { $0.tenant == nil }.map(\.number) == [7, 8])
        #expect(jobs.count == 5)
        #expect(try queue.claim(claim).isEmpty)
        let done = try #require(jobs.first { $0.number == 1 })
        #expect(try queue.finish(done.lease, .completed))
        #expect(try queue.claim(claim).map(\.number) == [2])
    }

    func checkConsumers(_ subject: QueueUnderTest<some Queue & SendableMetatype & ~Copyable>) throws {
        var first = try subject.open()
        var second = try subject.open()
        let topic = try QueueTopic.test()
        try first.enqueue((0..<10).map { NewJob(topic, $0) })
        var shares: [[Int?]] = [[], []]
        for _ in 0..<5 {
            shares[0] += try first.claim(JobClaim(topic)).map(\.number)
            shares[1] += try second.claim(JobClaim(topic)).map(\.number)
        }
        #expect(shares == [[0, 2, 4, 6, 8], [1, 3, 5, 7, 9]])
    }
}
