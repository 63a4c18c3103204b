import Base
import Core
import Cryptography
import Postgres
import Runs
import TestSupport
import Testing
import Worker
import Queue

@Suite struct PostgresStepStoreTests {
    private let database: TestDatabase
    private let team: WorkingTeam

    init() throws {
        database = try TestDatabase()
        team = try database.makeWorkingTeam()
    }

    @Test func `a claim returns everything that the execution needs`() throws {
        let run = try database.startRun(
            [TestStep("a", inputs: #"{"value":1}"#, timeout: .seconds(7), backoff: 3...9)],
            of: team
        )
        var store = try database.stepStore()
        let steps = try store.claim(JobClaim(.echo, count: 5))
        let step = try #require(steps.first)
        #expect(steps.count == 1)
        #expect((step.team, step.run.uuid, step.number, step.attempt) == (team.id, run, 0, 1))
        #expect((step.name, step.tool, step.inputs.description) == ("a", "test:echo", #"{"value":1}"#))
        #expect(step.timeout == .seconds(7))
        #expect(step.backoff == StepBackoff(base: .seconds(3), cap: .seconds(9)))
        #expect(step.queuedAt <= step.claimedAt)
        #expect(try store.claim(JobClaim(.echo, count: 5)).isEmpty)
    }

    @Test func `a claim returns the outputs that the inputs refer to, by the longest matching name`() throws {
        try database.startRun(
            [
                TestStep("a"), TestStep("a.b"), TestStep("c"),
                TestStep("d", after: ["a", "a.b", "c"], inputs: #"{"x":{"$from":"a.b.z"},"y":[{"$from":"c"}]}"#),
            ],
            of: team
        )
        try database.drain({ $0.maxSteps = 3 }) { step, _ in
            .succeeded(outputs: JSONText(trusted: Array(#"{"z":"\#(step.name)"}"#.utf8)))
        }
        var store = try database.stepStore()
        let step = try #require(try store.claim(JobClaim(.echo)).first)
        #expect(step.name == "d")
        #expect(step.outputs.mapValues(\.description) == ["a.b": #"{"z":"a.b"}"#, "c": #"{"z":"c"}"#])
    }

    @Test func `every outcome is recorded, and a retry is due at its time`() throws {
        let run = try database.startRun(
            ["done", "broken", "again", "floor", "late", "back", "later"].map { TestStep($0, backoff: 100...100) },
            of: team
        )
        let content = Array("hello".utf8)
        let artifact = NewArtifact(
            name: "a/b.txt",
            contentType: "text/plain",
            content: content,
            sha256: SHA256.digest(content)
        )
        var store = try database.stepStore()
        let steps = try store.claim(JobClaim(.echo, count: 50))
        let results = steps.map { step in
            let outcome: StepOutcome =
                switch step.name {
                case "done": .succeeded(outputs: JSONText(trusted: Array("{}".utf8)), artifacts: [artifact])
                case "broken": .failed(StepFailure("broken", "It is broken."))
                case "again": .failed(StepFailure("busy", "It is busy.", retry: .later))
                case "floor": .failed(StepFailure("busy", "It is busy.", retry: .notBefore(.seconds(500))))
                case "late": .timedOut
                case "back": .released()
                default: .released(after: .seconds(1_000), because: .notDue)
                }
            return StepResult(step, outcome)
        }
        #expect(try store.finish(results) == Array(repeating: true, count: 7))
        #expect(try store.finish(results) == Array(repeating: false, count: 7))

        #expect(try database.value("SELECT content FROM nofx.artifacts") == content)
        let error = try database.value(
            "SELECT error ->> 'code' || ': ' || (error ->> 'message') FROM nofx.steps WHERE name = 'broken'",
            as: String.self
        )
        #expect(error == "broken: It is broken.")
        let waits = try database.value(
            """
            SELECT array_agg(concat_ws(' ', s.name, q.state, q.attempt,
                CASE WHEN q.state = 'scheduled' THEN width_bucket(extract(epoch FROM q.run_at - now())::float8,
                                                          '{0,45,101,495,501,990,1001}'::float8[]) END) ORDER BY s.no)
            FROM nofx.queue q JOIN nofx.steps s ON s.run_id = q.run_id AND s.no = q.step_no
            """,
            as: [String].self
        )
        #expect(
            waits == [
                "again scheduled 1 2", "floor scheduled 1 4", "late scheduled 1 2", "back available 0",
                "later scheduled 0 6",
            ]
        )
        #expect(try database.steps(of: run).prefix(2) == ["done succeeded", "broken failed"])
    }

    @Test func `heartbeats report held, cancelled and lost steps`() throws {
        let runs = try (0..<3).map { try database.startRun([TestStep("\($0)")], of: team) }
        var store = try database.stepStore()
        let steps = try store.claim(JobClaim(.echo, count: 3)).sorted { $0.name < $1.name }
        try database.cancelRun(runs[1], of: team)
        try database.rows("UPDATE nofx.queue SET fence = fence + 1000 WHERE run_id = \(runs[2])")
        let states = try store.heartbeat(steps.map(\.lease), extendingBy: .seconds(300))
        #expect(states == [.held, .cancelled, .lost])
        let kept = try database.value(
            "SELECT count(*) FROM nofx.queue WHERE lease_until > now() + interval '200 seconds'",
            as: Int.self
        )
        #expect(kept == 2)
    }

    @Test func `of two claims of one step only the last one's heartbeat and result are accepted`() throws {
        let run = try database.startRun([TestStep("a")], of: team)
        var store = try database.stepStore()
        let old = try #require(try store.claim(JobClaim(.echo, lease: .zero)).first)
        _ = try store.maintain()
        let new = try #require(try store.claim(JobClaim(.echo)).first)
        #expect(old.lease.job == new.lease.job)
        #expect(try store.heartbeat([new.lease, old.lease], extendingBy: .seconds(30)) == [.held, .lost])
        #expect(try store.finish([StepResult(new, .done), StepResult(old, .done)]) == [true, false])
        #expect(try database.status(of: run) == "succeeded")
    }

    @Test func `the start of a step is recorded once`() throws {
        let run = try database.startRun([TestStep("a")], of: team)
        var store = try database.stepStore()
        let leases = try store.claim(JobClaim(.echo)).map(\.lease)
        #expect(try store.begin(leases) == Set(leases))
        #expect(try store.begin(leases) == Set(leases))
        #expect(try database.events(of: run) == ["run.created", "step.queued a", "step.started a"])
    }

    @Test func `a lease expires by the database's clock`() throws {
        try database.startRun([TestStep("kept"), TestStep("expired")], of: team)
        var store = try database.stepStore()
        // A claim with a lease of zero is lost at once, whatever the worker's clock shows.
        _ = try store.claim(JobClaim(.echo, lease: .seconds(3_600)))
        _ = try store.begin(try store.claim(JobClaim(.echo, lease: .zero)).map(\.lease))
        _ = try store.maintain()
        let again = try store.claim(JobClaim(.echo, count: 2))
        #expect(again.map(\.name) == ["expired"])
        #expect(again.map(\.attempt) == [2])
    }

    @Test func `teams are served round-robin`() throws {
        let others = try (0..<2).map { _ in try database.makeWorkingTeam() }
        try database.startRun((0..<50).map { TestStep("\($0)") }, of: team)
        for other in others { try database.startRun([TestStep("a")], of: other) }
        var store = try database.stepStore()
        let teams = try (0..<3).flatMap { _ in try store.claim(JobClaim(.echo)).map(\.team) }
        #expect(Set(teams).count == 3)
    }

    @Test func `the limits per topic and per team apply`() throws {
        try database.startRun((0..<9).map { TestStep("\($0)") }, of: team)
        var store = try database.stepStore()
        #expect(try store.claim(JobClaim(.echo, count: 9, tenantLimit: 2)).count == 2)
        #expect(try store.claim(JobClaim(.echo, count: 9, topicLimit: 5)).count == 3)
        #expect(try store.claim(JobClaim(.echo, count: 9, topicLimit: 5)).isEmpty)
    }

    @Test func `a rejected statement and an unreachable server are different errors`() throws {
        var bare = try TestDatabase(migrated: false).stepStore()
        #expect(throws: StoreRefusal.self) { _ = try bare.maintain() }
        var nowhere = try database.stepStore(at: "host=127.0.0.1 port=1 user=nobody")
        #expect {
            _ = try nowhere.maintain()
        } throws: { error in
            (error as? PostgresError)?.kind == .connection
        }
        var stranger = try database.stepStore(at: database.url)
        #expect(throws: StoreRefusal.self) { _ = try stranger.claim(JobClaim(.echo)) }
    }
}
