import Base
import Core
import Runs
import System
import TestSupport
import Testing
import Worker

@Suite struct WorkerCircuitTests {
    private let steps = TestSteps()

    // Cases: queue 14
    @Test func `while a breaker is open its topic is not claimed, and no attempt is used`() throws {
        steps.add((0..<8).map { "ai \($0)" }, topic: .ai)
        steps.add((0..<20).map { "echo \($0)" })
        let report = try steps.drain(topics: [.ai, .echo]) {
            $0.threads = 1
        } doing: { step, _ in
            step.name.hasPrefix("ai") ? .released(after: .seconds(600), because: .needsClosed(["ai"])) : .done
        }
        #expect(report.succeeded == 20)
        #expect(report.processed == 20)
        #expect(report.more)
        #expect(steps.state.withLock { $0.claims.filter { $0.topic == .ai }.count } == 1)
        #expect(steps.outcomes.filter { $0.key.hasPrefix("ai") }.values.allSatisfy { $0 == ["released"] })
    }

    // Cases: queue 15
    @Test func `after the wait one step probes whether the breaker is closed again`() throws {
        steps.add((0..<8).map(String.init), topic: .ai)
        let steps = steps
        let tries = Monitor(0)
        var worker = steps.worker(topics: [.ai]) { settings in
            settings.isEndless = true
            settings.threads = 4
            settings.pause = .milliseconds(1)...(.milliseconds(5))
        } doing: { _, _ in
            let number = tries.withLock { tries in
                tries += 1
                return tries
            }
            return number == 1 ? .released(because: .needsClosed(["ai"])) : .done
        }
        let request = worker.requestStop
        let asker = TestThread {
            steps.wait { $0.results.count { $0.outcome.word == "succeeded" } == 8 }
            request()
        }
        #expect(try worker.run(until: .distantFuture).succeeded == 8)
        asker.join()
        let asked = steps.state.withLock { $0.claims.filter { $0.given > 0 }.map(\.asked) }
        #expect(asked.dropFirst().first == 1)
    }
}
