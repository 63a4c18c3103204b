import Base
import Core
import Runs
import System
import TestSupport
import Testing
import Worker
import Queue

@Suite struct WorkerDrainTests {
    private let steps = TestSteps()

    @Test func `one call executes all due steps, each once`() throws {
        let names = (0..<700).map { "step \($0)" }
        steps.add(names)
        let report = try steps.drain()
        #expect(report.processed == 700)
        #expect(report.succeeded == 700)
        #expect(!report.more)
        #expect(steps.outcomes == Dictionary(uniqueKeysWithValues: names.map { ($0, ["succeeded"]) }))
    }

    @Test func `an idle queue ends the call`() throws {
        let report = try steps.drain(topics: [.echo, .ai])
        #expect(report == WorkerReport())
        #expect(steps.state.withLock { $0.claims.map(\.topic.description).sorted() } == ["ai.generate", "test.echo"])
        #expect(steps.state.withLock { $0.maintenanceRuns } == 1)
    }

    @Test func `steps that become due are executed in the same call`() throws {
        steps.add("first")
        let steps = steps
        let report = try steps.drain(doing: { step, _ in
            if step.name == "first" { steps.add("second", topic: .echo) }
            return .done
        })
        #expect(report.succeeded == 2)
    }

    @Test func `every outcome is counted and logged`() throws {
        steps.add("a", "b", "c", "d", "e")
        let report = try steps.drain(doing: { step, _ in
            switch step.name {
            case "a": .done
            case "b": .failed(StepFailure("broken", "It is broken."))
            case "c": .timedOut
            case "d": .cancelled
            default: .released(after: .seconds(5), because: .notDue)
            }
        })
        #expect(report.processed == 4)
        #expect([report.succeeded, report.failed, report.cancelled, report.released] == [1, 2, 1, 1])
        #expect(
            steps.outcomes == [
                "a": ["succeeded"], "b": ["failed broken"], "c": ["timedOut"], "d": ["cancelled"], "e": ["released"],
            ]
        )
    }

    @Test func `a worker executes at most its maximum number of steps`() throws {
        steps.add((0..<10).map(String.init))
        let report = try steps.drain { $0.maxSteps = 3 }
        #expect(report.processed == 3)
        #expect(report.more)
        #expect(steps.state.withLock { $0.ready.count } == 7)
    }

    @Test func `two concurrent workers execute each step once`() throws {
        let names = (0..<500).map { "step \($0)" }
        steps.add(names)
        let steps = steps
        let reports = try runConcurrently(8) { _, barrier in
            barrier()
            return try steps.drain { $0.batch = 20 }
        }
        #expect(reports.map(\.succeeded).reduce(0, +) == 500)
        #expect(steps.outcomes == Dictionary(uniqueKeysWithValues: names.map { ($0, ["succeeded"]) }))
    }

    @Test func `short steps are claimed by the hundred, and long ones as threads become free`() throws {
        steps.add((0..<600).map(String.init))
        try steps.drain()
        #expect(steps.state.withLock { $0.claims.contains { $0.given > 100 } })
        let slow = TestSteps()
        slow.add((0..<12).map(String.init))
        try slow.drain { settings in
            settings.threads = 2
            // Each step takes longer than `maxQueueTime`.
            settings.maxQueueTime = .milliseconds(10)
        } doing: { _, _ in
            let end = Deadline.after(.milliseconds(20))
            try? Poll.until { end.hasPassed }
            return .done
        }
        #expect(slow.state.withLock { $0.claims.allSatisfy { $0.given <= 2 } })
    }

    @Test func `the configured batch size is claimed`() throws {
        steps.add((0..<100).map(String.init))
        try steps.drain { $0.batch = 25 }
        #expect(steps.state.withLock { $0.claims.allSatisfy { $0.asked <= 25 } })
        #expect(steps.state.withLock { $0.claims.first?.given } == 25)
    }

    @Test func `the start is recorded only for steps that take a while`() throws {
        steps.add("long", "short")
        let steps = steps
        try steps.drain {
            $0.recordStartAfter = .milliseconds(50)
        } doing: { step, _ in
            if step.name == "long" { steps.wait { $0.started.contains("long") } }
            return .done
        }
        #expect(steps.state.withLock { $0.started.filter { $0 == "long" }.count } == 1)
    }
}
