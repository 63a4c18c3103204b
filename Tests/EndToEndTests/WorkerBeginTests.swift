import Base
import Glibc
import Postgres
import TestSupport
import Testing

/// Attempts count when they begin, however a worker ends.
@Suite struct WorkerBeginTests {
    private let database: TestDatabase
    private let team: WorkingTeam

    init() throws {
        database = try TestDatabase()
        team = try database.makeWorkingTeam()
    }

    private func events(_ type: String) throws -> Int {
        try database.value("SELECT count(*) FROM nofx.events WHERE type = \(type)")
    }

    @Test func `of a killed worker's steps only those that had begun use an attempt`() throws {
        let other = try database.makeWorkingTeam()
        for team in [team, other] {
            try database.startRun(
                (0..<174).map { TestStep("\($0)", inputs: #"{"delaySeconds":60}"#, attempts: 1) },
                of: team
            )
        }
        let function = database.runWorker(["NOFX_WORKER_BATCH": "348"])
        _ = try database.run(function, "", ["--forever"], signal: SIGKILL, afterStarting: 4)
        try database.endLeases()
        try database.rows("UPDATE nofx.steps SET inputs = '{}' WHERE ended_at IS NULL")
        _ = try function.run("{}")
        let ends = try database.value(
            """
            SELECT array_agg(concat_ws(' ', n, status, code, attempt) ORDER BY status)
            FROM (SELECT count(*) AS n, status, min(error ->> 'code') AS code, attempt FROM nofx.steps GROUP BY 2, 4) s
            """,
            as: [String].self
        )
        #expect(ends == ["4 failed lease_expired 1", "344 succeeded 1"])
        #expect(try events("step.started") == 348)
        #expect(try database.value("SELECT count(*) FROM nofx.dead_letters") == 4)
    }

    @Test func `a worker holds no more long steps than it has threads`() throws {
        try database.startRun((0..<50).map { TestStep("\($0)", inputs: #"{"delaySeconds":60}"#) }, of: team)
        let process = try database.startWorker(["NOFX_TEAM_SHARE": "100"])
        try database.awaitStarted(4)
        #expect(try database.value("SELECT count(*) FROM nofx.queue WHERE state = 'running'") == 4)
        kill(process.processID, SIGKILL)
        _ = process.finish()
    }

    /// Lets three deploys interrupt a POST with one attempt that takes longer than their grace.
    private func deploy(isIdempotent: Bool) throws -> (sent: Int, events: [String]) {
        try WebhookReceiver.run { receiver in
            let url = receiver.url("/slow-3/a")
            let run = try database.startRun(
                [
                    TestStep(
                        "post",
                        "http:request",
                        inputs: #"{"method":"POST","url":"\#(url)","body":{}}"#,
                        attempts: 1,
                        isIdempotent: isIdempotent
                    )
                ],
                of: team
            )
            let function = database.runWorker(["NOFX_HTTP_ALLOW": "127.0.0.0/8", "NOFX_WORKER_GRACE_SECONDS": "0"])
            for count in 1...3 where try database.status(of: run) == "running" {
                let process = try function.start(["--forever"])
                let id = process.processID
                let sender = TestThread {
                    try? Poll.until { try receiver.messages("/slow-3/a").count == count }
                    kill(id, SIGTERM)
                }
                let outcome = process.finish()
                sender.join()
                #expect(outcome.status == 0)
                #expect(try outcome.json()["interrupted"]?.integer == 1)
            }
            return (try receiver.messages("/slow-3/a").count, try database.events(of: run))
        }
    }

    @Test func `a step with one attempt is sent once, whatever is deployed meanwhile`() throws {
        let (sent, events) = try deploy(isIdempotent: false)
        #expect(sent == 1)
        #expect(
            events == ["run.created", "step.queued post", "step.started post", "step.failed post", "run.failed"]
        )
        #expect(try database.value("SELECT error ->> 'code' FROM nofx.steps") == "interrupted")
    }

    @Test func `an idempotent step is sent again after each deploy, and the timeline tells each stop`() throws {
        let (sent, events) = try deploy(isIdempotent: true)
        #expect(sent == 3)
        let stops = ["step.started post", "step.interrupted post"]
        #expect(events == ["run.created", "step.queued post"] + stops + stops + stops)
        #expect(try database.value("SELECT concat_ws(' ', state, attempt) FROM nofx.queue") == "available 3")
    }

    @Test func `a step with an effect has begun before its effect`() throws {
        try WebhookReceiver.run { receiver in
            let url = receiver.url("/slow-60/a")
            try database.startRun(
                (0..<30).map {
                    TestStep(
                        "\($0)",
                        "http:request",
                        inputs: #"{"method":"POST","url":"\#(url)","body":{}}"#,
                        attempts: 1
                    )
                },
                of: team
            )
            let process = try database.startWorker(["NOFX_HTTP_ALLOW": "127.0.0.0/8"])
            try Poll.until { try receiver.messages("/slow-60/a").count == 3 }
            kill(process.processID, SIGKILL)
            _ = process.finish()
            #expect(try events("step.started") == 3)
            try database.endLeases()
            try database.maintain()
            #expect(try database.value("SELECT count(*) FROM nofx.dead_letters") == 3)
            #expect(
                try database.value("SELECT count(*) FROM nofx.queue WHERE state = 'available' AND attempt = 0") == 27
            )
        }
    }

    @Test func `hundreds of expired leases are rescued under a lease of two seconds`() throws {
        for _ in 0..<8 {
            try database.startRun((0..<90).map { TestStep("\($0)", attempts: 1) }, of: database.makeWorkingTeam())
        }
        let run = try database.startRun([TestStep("late", delay: .seconds(1))], of: team)
        #expect(try database.claim("test.echo", 720).count == 720)
        try database.endLeases()
        let process = try database.startWorker(["NOFX_WORKER_LEASE_SECONDS": "2"])
        try Poll.until { try database.value("SELECT count(*) FROM nofx.queue") == 0 }
        kill(process.processID, SIGTERM)
        _ = process.finish()
        #expect(try database.value("SELECT count(*) FROM nofx.dead_letters") == 720)
        #expect(try database.status(of: run) == "succeeded")
    }
}
