import Base
import Core
import Runs
import Synchronization
import System
import TestSupport
import Testing
import Worker

@Suite struct WorkerEndTests {
    private let steps = TestSteps()

    @Test func `steps that may take longer than there is time do not hide shorter ones and cost no attempt`() throws {
        steps.add((0..<40).map { "long \($0)" }, timeout: .seconds(500))
        steps.add("long", "longer", timeout: .seconds(500))
        steps.add("short")
        let report = try steps.drain(until: .after(.seconds(100))) { $0.threads = 1 }
        #expect(report.succeeded == 1)
        #expect(report.released == 0)
        #expect(report.tooLong == 42)
        #expect(!report.more)
        #expect(steps.attempts(of: "long") == 0)
        #expect(steps.attempts(of: "longer") == 0)
        #expect(steps.outcomes["short"] == ["succeeded"])
        #expect(steps.state.withLock { $0.claims.count } < 10)
    }

    // Cases: queue 31
    @Test func `where there is time for nothing the call ends and says how much is too long`() throws {
        steps.add((0..<50).map(String.init), timeout: .seconds(500))
        let report = try steps.drain(until: .after(.seconds(100)))
        #expect(report.processed == 0)
        #expect(report.tooLong == 50)
        #expect(!report.more)
        #expect(steps.state.withLock { $0.ready.count } == 50)
        #expect(steps.state.withLock { $0.ready.allSatisfy { $0.step.attempt == 0 } })
        #expect(steps.state.withLock { $0.claims.count } == 1)
    }

    @Test func `a topic whose steps exceed the remaining time is logged once`() throws {
        steps.add("a", "b", timeout: .seconds(500))
        steps.add("c", topic: .ai)
        let lines = LogLines()
        var worker = steps.worker(topics: [.echo, .ai], log: lines.log) { $0.batch = 1 }
        #expect(try worker.run(until: .after(.seconds(100))).succeeded == 1)
        let said = lines.containing("worker.steps_too_long")
        #expect(said.count == 1)
        #expect(said.allSatisfy { $0.contains("test.echo") && $0.contains("warning") })
    }

    @Test func `a stopping worker finishes running steps and releases waiting ones`() throws {
        steps.add((0..<10).map(String.init))
        let steps = steps
        let stop = Monitor<(@Sendable () -> Void)?>(nil)
        var worker = steps.worker { settings in
            settings.threads = 1
            settings.batch = 10
        } doing: { _, cancellation in
            stop.withLock { $0 }?()
            // The others are released while this one runs.
            steps.wait { $0.ready.count == 9 }
            return cancellation.isCancelled ? .cancelled : .done
        }
        let request = worker.requestStop
        stop.withLock { $0 = request }
        let report = try worker.run(until: .test)
        #expect(report.succeeded == 1)
        #expect(report.released == 9)
        #expect(report.more)
        #expect(steps.state.withLock { $0.ready.allSatisfy { $0.step.attempt == 0 } })
    }

    @Test func `what is not done within the grace time is stopped, and its attempt counts`() throws {
        steps.add("endless")
        let begun = Mutex(false)
        var worker = steps.worker { settings in
            settings.isEndless = true
            settings.grace = .milliseconds(20)
        } doing: { _, cancellation in
            begun.withLock { $0 = true }
            cancellation.wait()
            return .failed(StepFailure("interrupted", "Somebody stopped it."))
        }
        let request = worker.requestStop
        let asker = TestThread {
            try? Poll.until { begun.withLock { $0 } }
            request()
        }
        let report = try worker.run(until: .distantFuture)
        asker.join()
        #expect(report.released == 0)
        #expect(report.processed == 1)
        #expect(report.interrupted == 1)
        #expect(steps.attempts(of: "endless") == 1)
    }

    @Test func `what runs when the time is over is stopped, and what waits is given back`() throws {
        steps.add((0..<5).map(String.init), timeout: nil)
        let report = try steps.drain(until: .after(.milliseconds(300))) { settings in
            settings.threads = 1
            settings.batch = 5
        } doing: { _, cancellation in
            cancellation.wait()
            return .cancelled
        }
        #expect(report.released == 4)
        #expect(report.interrupted == 1)
        #expect(report.more)
        #expect(steps.state.withLock { $0.ready.map(\.step.attempt).sorted() } == [0, 0, 0, 0, 1])
    }

    @Test func `an endless worker waits for steps until it is stopped`() throws {
        let steps = steps
        var worker = steps.worker({ $0.isEndless = true })
        let request = worker.requestStop
        let asker = TestThread {
            steps.wait { $0.claims.count >= 2 }
            steps.add("late")
            steps.wait { $0.results.count == 1 }
            request()
        }
        let report = try worker.run(until: .distantFuture)
        asker.join()
        #expect(report.succeeded == 1)
    }
}
