import Base
import Core
import TestSupport
import Testing
import Queue

/// The results of claimed jobs.
extension QueueConformance {
    func checkIdentity(_ subject: QueueUnderTest<some Queue & SendableMetatype & ~Copyable>) throws {
        var queue = try subject.open()
        let topic = try QueueTopic.test()
        let new = NewJob(topic, 1)
        try queue.enqueue(new)
        let first = try #require(try queue.claim(JobClaim(topic)).first)
        #expect((first.id, first.attempt) == (new.id, 1))
        #expect(try queue.finish(first.lease, .failed(error: "no")))
        try subject.pass(.seconds(2))
        let second = try #require(try queue.claim(JobClaim(topic)).first)
        #expect((second.id, second.attempt, second.enqueuedAt) == (new.id, 2, first.enqueuedAt))
        #expect(second.lease != first.lease)
    }

    func checkSchedule(_ subject: QueueUnderTest<some Queue & SendableMetatype & ~Copyable>) throws {
        var queue = try subject.open()
        let topic = try QueueTopic.test()
        try queue.enqueue(NewJob(topic, 1))
        for (attempt, wait) in [0, 2, 5, 10].enumerated() {
            if wait > 0 {
                try subject.pass(.seconds(wait) - .milliseconds(1))
                #expect(try queue.claim(JobClaim(topic)).isEmpty)
                try subject.pass(.milliseconds(1))
            }
            let job = try #require(try queue.claim(JobClaim(topic)).first)
            #expect(job.attempt == attempt + 1)
            #expect(try queue.finish(job.lease, .failed(error: "no. \(attempt + 1)")))
        }
        try subject.pass(.seconds(3_600))
        #expect(try queue.claim(JobClaim(topic)).isEmpty)
        let letter = try #require(try queue.deadLetters(of: topic, limit: 9, after: nil).first)
        #expect((letter.attempts, letter.error, letter.topic) == (4, "no. 4", topic))
        #expect(letter.enqueuedAt.duration(to: letter.deadLetteredAt) == .seconds(17))
    }

    func checkLongerWait(_ subject: QueueUnderTest<some Queue & SendableMetatype & ~Copyable>) throws {
        var queue = try subject.open()
        let topic = try QueueTopic.test()
        try queue.enqueue(NewJob(topic, 1))
        for (asked, wait) in [(1, 2), (60, 60), (10, 10)] {
            let job = try #require(try queue.claim(JobClaim(topic)).first)
            #expect(try queue.finish(job.lease, .failed(error: "no", notBefore: .seconds(asked))))
            try subject.pass(.seconds(wait) - .milliseconds(1))
            #expect(try queue.claim(JobClaim(topic)).isEmpty)
            try subject.pass(.milliseconds(1))
        }
        let last = try #require(try queue.claim(JobClaim(topic)).first)
        #expect(try queue.finish(last.lease, .failed(error: "no", notBefore: .seconds(60))))
        #expect(try queue.counts(of: topic).deadLettered == 1)
    }

    func checkFinalFailure(_ subject: QueueUnderTest<some Queue & SendableMetatype & ~Copyable>) throws {
        var queue = try subject.open()
        let topic = try QueueTopic.test()
        let new = NewJob(topic, 1)
        try queue.enqueue(new)
        let job = try #require(try queue.claim(JobClaim(topic)).first)
        #expect(try queue.finish(job.lease, .failed(error: "ai_refused", isFinal: true)))
        #expect(try !queue.enqueue(new))
        let letter = try #require(try queue.deadLetters(of: topic, limit: 9, after: nil).first)
        #expect((letter.id, letter.attempts, letter.error) == (job.id, 1, "ai_refused"))
        #expect(try queue.counts(of: topic).deadLettered == 1)
    }

    func checkRelease(_ subject: QueueUnderTest<some Queue & SendableMetatype & ~Copyable>) throws {
        var queue = try subject.open()
        let topic = try QueueTopic.test()
        try queue.enqueue(NewJob(topic, 1))
        for _ in 0..<10 {
            let job = try #require(try queue.claim(JobClaim(topic)).first)
            #expect(job.attempt == 1)
            #expect(try queue.finish(job.lease, .released()))
        }
        #expect(try queue.counts(of: topic).available == 1)
    }

    func checkOpenCircuit(_ subject: QueueUnderTest<some Queue & SendableMetatype & ~Copyable>) throws {
        var queue = try subject.open()
        let topic = try QueueTopic.test()
        try queue.enqueue(NewJob(topic, 1))
        // The breaker is open longer than all attempts together would take.
        for _ in 0..<3 {
            let job = try #require(try queue.claim(JobClaim(topic)).first)
            #expect(try queue.finish(job.lease, .released(after: .seconds(120))))
            try subject.pass(.milliseconds(119_999))
            #expect(try queue.claim(JobClaim(topic)).isEmpty)
            try subject.pass(.milliseconds(1))
        }
        let job = try #require(try queue.claim(JobClaim(topic)).first)
        #expect(job.attempt == 1)
        #expect(try queue.counts(of: topic).deadLettered == 0)
    }

    func checkOnce(_ subject: QueueUnderTest<some Queue & SendableMetatype & ~Copyable>) throws {
        var queue = try subject.open()
        let topic = try QueueTopic.test()
        try queue.enqueue((0..<3).map { NewJob(topic, $0) })
        let jobs = try queue.claim(JobClaim(topic, count: 3))
        let forged = JobLease(job: jobs[2].id, fence: jobs[2].lease.fence + 1_000)
        let unknown = JobLease(job: .make(), fence: 1)
        let counted = try queue.finish([
            JobResult(jobs[0].lease, .completed), JobResult(jobs[0].lease, .failed(error: "no")),
            JobResult(forged, .completed), JobResult(unknown, .completed), JobResult(jobs[1].lease, .completed),
        ])
        #expect(counted == [true, false, false, false, true])
        let counts = try queue.counts(of: topic)
        #expect((counts.running, counts.available, counts.scheduled, counts.deadLettered) == (1, 0, 0, 0))
        #expect(
            try queue.heartbeat([jobs[0].lease, jobs[2].lease, forged], extendingBy: .seconds(30)) == [
                .lost, .held, .lost,
            ]
        )
    }

    func checkFence(_ subject: QueueUnderTest<some Queue & SendableMetatype & ~Copyable>) throws {
        var queue = try subject.open()
        let topic = try QueueTopic.test()
        try queue.enqueue(NewJob(topic, 1))
        let late = try #require(try queue.claim(JobClaim(topic, lease: .seconds(30))).first)
        try subject.pass(.seconds(30))
        try queue.tend()
        for outcome in [JobOutcome.completed, .failed(error: "no", isFinal: true), .released(after: .zero)] {
            #expect(try !queue.finish(late.lease, outcome))
        }
        #expect(try queue.counts(of: topic).scheduled == 1)
        try subject.pass(.seconds(2))
        let next = try #require(try queue.claim(JobClaim(topic)).first)
        #expect(next.attempt == 2)
        #expect(try !queue.finish(late.lease, .completed))
        #expect(try queue.heartbeat(late.lease, extendingBy: .seconds(600)) == .lost)
        #expect(try queue.heartbeat(next.lease, extendingBy: .seconds(30)) == .held)
        #expect(try queue.finish(next.lease, .completed))
        #expect(try queue.counts(of: topic) == QueueCounts())
    }

    func checkExpiry(_ subject: QueueUnderTest<some Queue & SendableMetatype & ~Copyable>) throws {
        var queue = try subject.open()
        let topic = try QueueTopic.test()
        try queue.enqueue(NewJob(topic, 1))
        for wait in [0, 2, 5, 10] {
            try subject.pass(.seconds(wait))
            _ = try #require(try queue.claim(JobClaim(topic, lease: .seconds(30))).first)
            try subject.pass(.milliseconds(29_999))
            try queue.tend()
            #expect(try queue.counts(of: topic).running == 1)
            try subject.pass(.milliseconds(1))
            try queue.tend()
            #expect(try queue.counts(of: topic).running == 0)
        }
        let letter = try #require(try queue.deadLetters(of: topic, limit: 9, after: nil).first)
        #expect((letter.attempts, letter.error) == (4, "lease_expired"))
    }

    func checkHeartbeat(_ subject: QueueUnderTest<some Queue & SendableMetatype & ~Copyable>) throws {
        var queue = try subject.open()
        let topic = try QueueTopic.test()
        try queue.enqueue(NewJob(topic, 1))
        let job = try #require(try queue.claim(JobClaim(topic, lease: .seconds(30))).first)
        for _ in 0..<10 {
            try subject.pass(.seconds(20))
            #expect(try queue.heartbeat(job.lease, extendingBy: .seconds(30)) == .held)
        }
        try subject.pass(.milliseconds(29_999))
        #expect(try queue.claim(JobClaim(topic)).isEmpty)
        #expect(try queue.finish(job.lease, .completed))
    }

    func checkCancellation(_ subject: QueueUnderTest<some Queue & SendableMetatype & ~Copyable>) throws {
        var queue = try subject.open()
        let topic = try QueueTopic.test()
        let jobs = [NewJob(topic, 0), NewJob(topic, 1, delay: .seconds(9))] + (2..<6).map { NewJob(topic, $0) }
        try queue.enqueue(jobs)
        #expect(try queue.cancel(jobs[0].id) == .removed)
        #expect(try queue.cancel(jobs[1].id) == .removed)
        #expect(try queue.cancel(jobs[1].id) == .unknown)
        let claimed = try queue.claim(JobClaim(topic, count: 9, lease: .seconds(30)))
        #expect(claimed.map(\.number) == [2, 3, 4, 5])
        for job in claimed { #expect(try queue.cancel(job.id) == .requested) }
        #expect(
            try queue.heartbeat(claimed.map(\.lease), extendingBy: .seconds(30))
                == Array(repeating: .cancelled, count: 4)
        )
        let results = [
            JobResult(claimed[0].lease, .completed), JobResult(claimed[1].lease, .failed(error: "cancelled")),
            JobResult(claimed[2].lease, .released()),
        ]
        #expect(try queue.finish(results) == [true, true, true])
        try subject.pass(.seconds(30))
        try queue.tend()
        #expect(try queue.counts(of: topic) == QueueCounts())
    }

    func checkHanging(_ subject: QueueUnderTest<some Queue & SendableMetatype & ~Copyable>) throws {
        var queue = try subject.open()
        let topic = try QueueTopic.test()
        try queue.enqueue((0..<5).map { NewJob(topic, $0) })
        let claim = JobClaim(topic, count: 4, lease: .seconds(30), topicLimit: 4, tenantLimit: 4)
        #expect(try queue.claim(claim).count == 4)
        #expect(try queue.claim(claim).isEmpty)
        try subject.pass(.seconds(30))
        #expect(try queue.claim(claim).map(\.number) == [4])
    }
}

extension Timestamp {
    func duration(to later: Timestamp) -> Duration {
        .microseconds(later.microsecondsSince1970 - microsecondsSince1970)
    }
}
