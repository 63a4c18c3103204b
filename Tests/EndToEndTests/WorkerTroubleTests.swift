import Base
import Glibc
import Postgres
import TestSupport
import Testing

/// Workers whose database fails.
struct WorkerTroubleTests {
    // Cases: queue 95
    @Test func `a worker survives a crash of its database, and no step is lost`() throws {
        try TestCluster.run { cluster in
            let database = try TestDatabase(on: cluster)
            let names = (0..<10).map { "step \($0)" }
            let run = try database.startRun(
                names.map { TestStep($0, inputs: #"{"delaySeconds":1}"#) } + [TestStep("last", after: names)],
                of: database.makeWorkingTeam()
            )
            let process = try database.runWorker(["NOFX_WORKER_THREADS": "2", "NOFX_WORKER_BATCH": "4"])
                .start(["--forever"])
            let id = process.processID
            let crasher = TestThread {
                Result {
                    try Poll.until { try database.done(of: run) >= 3 }
                    try cluster.crash()
                    try cluster.start()
                    try Poll.until { try database.status(of: run) != "running" }
                    kill(id, SIGTERM)
                }
            }
            let outcome = process.finish()
            try crasher.join().get()

            #expect(outcome.status == 0, "\(outcome)")
            #expect(try database.status(of: run) == "succeeded")
            let report = try outcome.json()
            let (done, lost) = (report["succeeded"]?.integer ?? 0, report["lost"]?.integer ?? 0)
            #expect(done + lost >= 11)
            let events = try database.events(of: run)
            for name in names + ["last"] { #expect(events.count { $0 == "step.succeeded \(name)" } == 1) }
        }
    }
}

extension TestDatabase {
    /// The number of finished steps of a run.
    fileprivate func done(of run: UUID) throws -> Int {
        try value("SELECT count(*) FROM nofx.steps WHERE run_id = \(run) AND status = 'succeeded'")
    }
}
