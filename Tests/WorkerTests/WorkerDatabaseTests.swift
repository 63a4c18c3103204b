import Base
import Core
import Postgres
import Runs
import System
import TestSupport
import Testing
import Worker
import Queue

/// Workers with a real database.
@Suite struct WorkerDatabaseTests {
    private let database: TestDatabase
    private let team: WorkingTeam

    init() throws {
        database = try TestDatabase()
        team = try database.makeWorkingTeam()
    }

    @Test func `the steps of a diamond run in order`() throws {
        let run = try database.startRun(
            [
                TestStep("a"), TestStep("b", after: ["a"]), TestStep("c", after: ["a"]),
                TestStep("d", after: ["b", "c"]),
            ],
            of: team
        )
        let done = Monitor<[String]>([])
        let report = try database.drain(doing: { step, _ in
            done.withLock { $0.append(step.name) }
            return .done
        })
        #expect(report.succeeded == 4)
        #expect(!report.more)
        #expect(try database.status(of: run) == "succeeded")
        let order = done.withLock { $0 }
        #expect(order.first == "a" && order.last == "d" && order.count == 4)
    }

    @Test func `eight workers execute each of many one-step runs once`() throws {
        let names = (0..<200).map { "step \($0)" }
        for name in names { try database.startRun([TestStep(name)], of: team) }
        let done = Monitor<[String: Int]>([:])
        let database = database
        let reports = try runConcurrently(8) { _, barrier in
            barrier()
            return try database.drain({ $0.batch = 7 }) { step, _ in
                done.withLock { $0[step.name, default: 0] += 1 }
                return .done
            }
        }
        #expect(reports.map(\.succeeded).reduce(0, +) == 200)
        #expect(reports.map(\.lost).reduce(0, +) == 0)
        #expect(done.withLock { $0 } == Dictionary(uniqueKeysWithValues: names.map { ($0, 1) }))
    }

    // Cases: queue 96
    @Test func `workers behind a pooler in transaction mode behave the same`() throws {
        let steps = (0..<30).map { TestStep("step \($0)") }
        let run = try database.startRun(
            steps + [TestStep("last", after: (0..<30).map { "step \($0)" })],
            of: team
        )
        let database = database
        let reports = try database.withPooler(servers: 2, as: "nofx_test_operator") { url in
            try runConcurrently(6) { _, barrier in
                barrier()
                return try database.drain(at: url, { $0.batch = 3 })
            }
        }
        #expect(reports.map(\.succeeded).reduce(0, +) == 31)
        #expect(try database.status(of: run) == "succeeded")
    }

    @Test func `a cancelled run stops its running step, and no further step starts`() throws {
        let run = try database.startRun([TestStep("a"), TestStep("b", after: ["a"])], of: team)
        let (database, team) = (database, team)
        let report = try database.drain({ $0.heartbeat = .milliseconds(50) }) { _, cancellation in
            try? database.cancelRun(run, of: team)
            cancellation.wait()
            return .cancelled
        }
        #expect(report.cancelled == 1)
        #expect(try database.status(of: run) == "cancelled")
        #expect(try database.steps(of: run) == ["a cancelled", "b cancelled"])
        #expect(try database.value("SELECT count(*) FROM nofx.queue") == 0)
    }

    @Test func `the rescue of a step whose worker died during the cancellation ends the run`() throws {
        let run = try database.startRun([TestStep("a")], of: team)
        var store = try database.stepStore()
        #expect(try store.claim(JobClaim(.echo)).count == 1)
        try database.cancelRun(run, of: team)
        #expect(try database.status(of: run) == "cancelling")
        try database.endLeases()
        #expect(try database.drain().processed == 0)
        #expect(try database.status(of: run) == "cancelled")
    }

    @Test func `a worker that lost its lease reports nothing, and the other's result stays`() throws {
        let run = try database.startRun([TestStep("a")], of: team)
        let database = database
        let isFirst = Monitor(true)
        let report = try database.drain({ $0.heartbeat = .seconds(3_600) }) { _, _ in
            guard
                (isFirst.withLock { isFirst in
                    defer { isFirst = false }
                    return isFirst
                })
            else { return .done }
            // The worker records the begin of the attempt, which needs its lease, soon after the start.
            try? Poll.until { try database.value("SELECT has_begun FROM nofx.queue") }
            try? database.endLeases()
            _ = try? database.drain(doing: { _, _ in
                .succeeded(outputs: JSONText(trusted: Array(#"{"by":"the other"}"#.utf8)))
            })
            return .done
        }
        #expect(report.lost == 1)
        #expect(report.succeeded == 0)
        #expect(try database.status(of: run) == "succeeded")
        #expect(try database.value("SELECT outputs ->> 'by' FROM nofx.steps") == "the other")
    }

    // Cases: queue 31
    @Test func `a step that may exceed the remaining time stays queued with all its attempts`() throws {
        let run = try database.startRun([TestStep("a", timeout: .seconds(500))], of: team)
        var worker = Worker(
            try database.stepStore(),
            WorkerSettings(topics: [.echo]),
            log: .silent
        ) { TestExecutor { _, _ in .done } }
        let report = try worker.run(until: .after(.seconds(100)))
        #expect(!report.more && report.processed == 0 && report.released == 0 && report.tooLong == 1)
        #expect(try database.value("SELECT concat_ws(' ', state, attempt) FROM nofx.queue") == "available 0")
        #expect(try database.events(of: run) == ["run.created", "step.queued a"])
    }

    // Cases: queue 95
    @Test func `an outage of the database loses nothing`() throws {
        let names = (0..<60).map { "step \($0)" }
        let run = try database.startRun(names.map { TestStep($0) }, of: team)
        let done = Monitor<[String: Int]>([:])
        let report = try database.withRelay { relay, url in
            let url = url.replacing("nofx_test_app", with: "nofx_test_operator")
            return try database.drain(at: url, { $0.batch = 10 }) { step, _ in
                let count = done.withLock { done in
                    done[step.name, default: 0] += 1
                    return done.count
                }
                if count == 15 || count == 40 {
                    let refusals = relay.refusals
                    relay.become(.stopped)
                    // Until the worker notices the outage.
                    try? Poll.until { relay.refusals > refusals }
                    relay.become(.working)
                }
                return .done
            }
        }
        #expect(try database.status(of: run) == "succeeded")
        #expect(done.withLock { $0.count } == 60)
        #expect(report.succeeded + report.lost >= 60)
    }
}
