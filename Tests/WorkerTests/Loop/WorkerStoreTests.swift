import Base
import Core
import Runs
import System
import TestSupport
import Testing
import Worker

@Suite struct WorkerStoreTests {
    private let steps = TestSteps()

    @Test func `all results are reported after the store recovers`() throws {
        steps.add((0..<20).map(String.init))
        steps.state.withLock { $0.failures = [.maintain: 1, .claim: 2, .finish: 2] }
        let report = try steps.drain { $0.pause = .milliseconds(1)...(.milliseconds(5)) }
        #expect(report.succeeded == 20)
        #expect(steps.outcomes.count == 20)
    }

    @Test func `an unavailable store fails a call without unreported results`() throws {
        steps.state.withLock { $0.failures = [.maintain: .max, .claim: .max] }
        #expect(throws: TestSteps.Unreachable.self) {
            try steps.drain { settings in
                settings.pause = .milliseconds(1)...(.milliseconds(5))
                settings.storeOutageLimit = .milliseconds(30)
            }
        }
    }

    @Test func `an endless worker waits for an unavailable store`() throws {
        steps.add("a")
        steps.state.withLock { $0.failures = [.maintain: 20, .claim: 20] }
        let steps = steps
        var worker = steps.worker { settings in
            settings.isEndless = true
            settings.pause = .milliseconds(1)...(.milliseconds(5))
            settings.storeOutageLimit = .zero
        }
        let request = worker.requestStop
        let asker = TestThread {
            steps.wait { !$0.results.isEmpty }
            request()
        }
        #expect(try worker.run(until: .distantFuture).succeeded == 1)
        asker.join()
    }

    @Test func `a store whose maintenance times out still returns steps`() throws {
        steps.add((0..<20).map(String.init))
        steps.state.withLock { $0.maintenanceTimesOut = true }
        let lines = LogLines()
        var worker = steps.worker(log: lines.log) { settings in
            settings.batch = 1
            settings.maintenanceInterval = .seconds(3_600)
        }
        #expect(try worker.run(until: .test).succeeded == 20)
        #expect(lines.containing("worker.maintenance_timed_out").count == steps.state.withLock { $0.maintenanceRuns })
        #expect(lines.containing("worker.store_unavailable") == [])
    }

    @Test func `results are reported in smaller batches if the store rejects large ones`() throws {
        steps.add((0..<100).map(String.init))
        steps.state.withLock { $0.maxBatch = 7 }
        let report = try steps.drain { $0.pause = .milliseconds(1)...(.milliseconds(2)) }
        #expect(report.succeeded == 100)
        #expect(steps.outcomes.count == 100)
    }

    @Test func `a rejected result fails its step, and the other results are kept`() throws {
        steps.add("a", "poison", "b")
        steps.state.withLock { _ = $0.poison.insert("poison") }
        let report = try steps.drain { $0.threads = 1 }
        #expect(report.succeeded == 2)
        #expect(report.failed == 1)
        #expect(steps.outcomes == ["a": ["succeeded"], "b": ["succeeded"], "poison": ["failed result_refused"]])
    }
}
