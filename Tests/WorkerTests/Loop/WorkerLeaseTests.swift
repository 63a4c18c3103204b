import Base
import Core
import Runs
import System
import TestSupport
import Testing
import Worker

@Suite struct WorkerLeaseTests {
    private let steps = TestSteps()

    @Test func `a cancelled run stops its running step with the next heartbeat`() throws {
        steps.add("running")
        steps.state.withLock { _ = $0.cancelled.insert("running") }
        let report = try steps.drain {
            $0.heartbeat = .milliseconds(20)
        } doing: { _, cancellation in
            cancellation.wait()
            return .cancelled
        }
        #expect(report.cancelled == 1)
        #expect(steps.outcomes == ["running": ["cancelled"]])
    }

    @Test func `a cancelled step that waits for a thread is not started`() throws {
        steps.add("running", "waiting")
        steps.state.withLock { _ = $0.cancelled.insert("waiting") }
        let steps = steps
        let begun = Monitor<[String]>([])
        let report = try steps.drain { settings in
            settings.heartbeat = .milliseconds(20)
            settings.threads = 1
            settings.batch = 2
        } doing: { step, _ in
            begun.withLock { $0.append(step.name) }
            steps.wait { $0.results.contains { $0.name == "waiting" } }
            return .done
        }
        #expect(report.cancelled == 1)
        #expect(report.succeeded == 1)
        #expect(begun.withLock { $0 } == ["running"])
    }

    @Test func `a step whose lease is lost is stopped and not reported`() throws {
        steps.add("taken")
        steps.state.withLock { _ = $0.lost.insert("taken") }
        let report = try steps.drain {
            $0.heartbeat = .milliseconds(20)
        } doing: { _, cancellation in
            cancellation.wait()
            return .done
        }
        #expect(report.lost == 1)
        #expect(report.processed == 0)
        #expect(steps.outcomes.isEmpty)
    }

    // Cases: queue 29
    @Test func `if heartbeats fail steps are stopped before their leases end and are not reported`() throws {
        steps.add("running")
        steps.state.withLock { $0.failures[.heartbeat] = .max }
        let report = try steps.drain { settings in
            settings.heartbeat = .milliseconds(20)
            settings.lease = .milliseconds(600)
            settings.leaseMargin = .milliseconds(300)
        } doing: { _, cancellation in
            cancellation.wait()
            return .done
        }
        #expect(report.lost == 1)
        #expect(steps.outcomes.isEmpty)
    }

    @Test func `heartbeats extend a step's lease as long as it runs`() throws {
        steps.add("running")
        let steps = steps
        let report = try steps.drain { settings in
            settings.heartbeat = .milliseconds(20)
            settings.lease = .seconds(100)
        } doing: { _, _ in
            steps.wait { $0.heartbeats >= 5 }
            return .done
        }
        #expect(report.succeeded == 1)
    }
}
