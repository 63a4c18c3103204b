import Base
import Core
import Queue
import Runs
import System
import TestSupport
import Testing
import Worker

@Suite struct WorkerShareTests {
    private let steps = TestSteps()

    @Test func `a step with effects has begun before it is executed, and others need not`() throws {
        guard let http = QueueTopic("http.request") else { return }
        steps.add((0..<20).map { "post \($0)" }, topic: http)
        steps.add("echo")
        let steps = steps
        let early = Monitor<[String]>([])
        let report = try steps.drain(
            topics: [.echo, http],
            doing: { step, _ in
                if !(steps.state.withLock { $0.started.contains(step.name) }) {
                    early.withLock { $0.append(step.name) }
                }
                return .done
            }
        )
        #expect(report.succeeded == 21)
        #expect(early.withLock { $0 } == ["echo"])
    }

    @Test func `no more steps with effects begin than there are threads`() throws {
        guard let http = QueueTopic("http.request") else { return }
        steps.add((0..<20).map { "post \($0)" }, topic: http)
        let steps = steps
        let counts = Monitor((done: 0, excess: 0))
        let report = try steps.drain(topics: [http]) { settings in
            settings.threads = 3
            settings.teamShare = 100
        } doing: { _, _ in
            let begun = steps.state.withLock { $0.started.count }
            counts.withLock { counts in
                counts.excess = max(counts.excess, begun - counts.done)
                counts.done += 1
            }
            return .done
        }
        #expect(report.succeeded == 20)
        #expect(counts.withLock { $0.excess } <= 3)
        #expect(steps.state.withLock { $0.started.count } == 20)
    }

    @Test(arguments: [(1, 1), (2, 1), (3, 2), (4, 3), (8, 6)])
    func `one team's steps leave threads to others`(threads: Int, share: Int) throws {
        let team = UUID.v7()
        steps.add((0..<10).map { "long \($0)" }, team: team)
        let steps = steps
        let running = Monitor((now: 0, most: 0))
        var worker = steps.worker { settings in
            settings.threads = threads
            settings.isEndless = true
            settings.grace = .zero
        } doing: { step, cancellation in
            guard step.team == team else { return .done }
            running.withLock { running in
                running.now += 1
                running.most = max(running.most, running.now)
            }
            cancellation.wait()
            return .cancelled
        }
        let request = worker.requestStop
        let asker = TestThread {
            steps.wait { $0.started.count == share }
            if threads > 1 {
                steps.add("short")
                steps.wait { $0.results.contains { $0.name == "short" } }
            }
            request()
        }
        let report = try worker.run(until: .distantFuture)
        asker.join()
        #expect(running.withLock { $0.most } == share)
        #expect(report.interrupted == share)
    }

    @Test func `a step that waits too long for a thread is given back for other workers`() throws {
        steps.add("long")
        let steps = steps
        var worker = steps.worker { settings in
            settings.threads = 1
            settings.batch = 10
            settings.isEndless = true
            settings.longestWait = .milliseconds(100)
        } doing: { step, _ in
            if step.name == "long" {
                steps.add("waiting")
                steps.wait { $0.results.contains { $0.name == "waiting" && $0.outcome.word == "succeeded" } }
            }
            return .done
        }
        let request = worker.requestStop
        let other = TestThread {
            steps.wait { $0.started.contains("long") }
            // The only thread is occupied, so the other worker gets the step, once the first has given it back.
            try? Poll.until {
                _ = try steps.drain()
                return steps.outcomes["waiting"]?.contains("succeeded") == true
            }
            steps.wait { $0.results.contains { $0.name == "long" } }
            request()
        }
        let report = try worker.run(until: .distantFuture)
        other.join()
        #expect(report.succeeded >= 1)
        #expect(steps.outcomes["waiting"]?.last == "succeeded")
    }

    @Test func `operators are told of steps that no worker can do, once a note`() throws {
        steps.add("a")
        steps.state.withLock { $0.undoable = [.ai: 3] }
        let lines = LogLines()
        var worker = steps.worker(log: lines.log)
        _ = try worker.run(until: .test)
        #expect(lines.containing("worker.steps_undoable").count == 1)
        #expect(steps.state.withLock { $0.notes } == 1)
    }
}
