import Base
import Core
import TestSupport
import Testing
import Queue

/// The round-robin order of tenants.
extension QueueConformance {
    func checkTurns(_ subject: QueueUnderTest<some Queue & SendableMetatype & ~Copyable>) throws {
        var queue = try subject.open()
        let topic = try QueueTopic.test()
        let (busy, other) = (UUID.v7(), UUID.v7())
        try queue.enqueue((0..<1_000).map { NewJob(topic, $0, tenant: busy, priority: -100) })
        try queue.enqueue(NewJob(topic, 1_000, tenant: other, priority: 100))
        let jobs = try queue.claim(JobClaim(topic, count: 4))
        #expect(jobs.filter { $0.tenant == busy }.map(\.number) == [0, 1, 2])
        #expect(jobs.filter { $0.tenant == other }.map(\.number) == [1_000])
        #expect(try queue.claim(JobClaim(topic, count: 4)).map(\.number) == [3, 4, 5, 6])
    }

    func checkRounds(_ subject: QueueUnderTest<some Queue & SendableMetatype & ~Copyable>) throws {
        var queue = try subject.open()
        let topic = try QueueTopic.test()
        let tenants = [nil] + (0..<6).map { _ in Optional(UUID.v7()) }
        for (index, tenant) in tenants.enumerated() {
            try queue.enqueue((0..<20).map { NewJob(topic, $0, tenant: tenant, priority: Int16(index)) })
        }
        for count in [1, 1, 1, 1, 1, 1, 1, 3, 3, 1, 2, 2, 2, 1, 4, 3, 7] {
            let jobs = try queue.claim(JobClaim(topic, count: count))
            #expect(jobs.count == count)
            try queue.finish(jobs.map { JobResult($0.lease, .completed) })
        }
        // Each tenant has had equally many turns, wherever the claims began.
        let rest = try queue.claim(JobClaim(topic, count: 105))
        for tenant in tenants {
            #expect(rest.filter { $0.tenant == tenant }.map(\.number) == Array(5..<20))
        }
    }

    func checkLoneTenant(_ subject: QueueUnderTest<some Queue & SendableMetatype & ~Copyable>) throws {
        var queue = try subject.open()
        let topic = try QueueTopic.test()
        let tenant = UUID.v7()
        try queue.enqueue((0..<90).map { NewJob(topic, $0, tenant: tenant) })
        #expect(try queue.claim(JobClaim(topic, count: 50)).map(\.number) == Array(0..<50))
        #expect(try queue.claim(JobClaim(topic, count: 50)).map(\.number) == Array(50..<90))
    }

    func checkChosenTenants(_ subject: QueueUnderTest<some Queue & SendableMetatype & ~Copyable>) throws {
        var queue = try subject.open()
        let topic = try QueueTopic.test()
        let tenants = (0..<3).map { _ in UUID.v7() }
        for tenant in tenants { try queue.enqueue((0..<3).map { NewJob(topic, $0, tenant: tenant) }) }
        let first = try queue.claim(JobClaim(topic, count: 2, tenants: [tenants[1]]))
        #expect(first.map(\.tenant) == [tenants[1], tenants[1]] && first.map(\.number) == [0, 1])
        let second = try queue.claim(JobClaim(topic, count: 9, tenants: [tenants[1], tenants[2]]))
        #expect(second.count == 4 && second.filter { $0.tenant == tenants[1] }.map(\.number) == [2])
        #expect(try queue.claim(JobClaim(topic, tenants: [tenants[1]])).isEmpty)
        #expect(try queue.claim(JobClaim(topic, tenants: [])).isEmpty)
        #expect(try queue.claim(JobClaim(topic, count: 9)).allSatisfy { $0.tenant == tenants[0] })
    }
}
