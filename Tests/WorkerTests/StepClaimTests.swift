import Base
import Core
import Postgres
import Runs
import TestSupport
import Testing
@testable import Worker
import Queue

/// Claims of steps in Postgres, and the steps that a claim releases.
@Suite struct StepClaimTests {
    private let database: TestDatabase
    private let team: WorkingTeam

    init() throws {
        database = try TestDatabase()
        team = try database.makeWorkingTeam()
    }

    /// Starts a run of steps that refer to finished steps.
    private func startReferring(to references: KeyValuePairs<String, String?>) throws {
        let earlier = Set(references.compactMap(\.value)).sorted()
        try database.startRun(
            earlier.map { TestStep($0, priority: -1) }
                + references.enumerated().map { place, reference in
                    TestStep(
                        reference.key,
                        after: earlier,
                        inputs: reference.value.map { #"{"x":{"$from":"\#($0)"}}"# } ?? "{}",
                        priority: place
                    )
                },
            of: team
        )
        try database.drain({ $0.maxSteps = earlier.count }) { step, _ in
            .succeeded(outputs: JSONText(trusted: Array(#"{"of":"\#(step.name)"}"#.utf8)))
        }
    }

    /// The queued and claimed steps by name, with their used attempts.
    private func queue() throws -> [String] {
        try database.value(
            """
            SELECT array_agg(concat_ws(' ', s.name, q.state, q.attempt) ORDER BY s.no)
            FROM nofx.queue q JOIN nofx.steps s ON s.run_id = q.run_id AND s.no = q.step_no
            """
        )
    }

    @Test func `steps whose referenced outputs exceed a claim's limit are released, except the first`() throws {
        try startReferring(to: ["k": "a", "l": "b", "m": "a", "n": nil, "o": "c"])
        var store = try database.stepStore()
        store.outputLimit = 1
        let first = try store.claim(JobClaim(.echo, count: 10))
        #expect(first.map(\.name) == ["k", "m", "n"])
        #expect(
            first.map { $0.outputs.mapValues(\.description) } == [
                ["a": #"{"of":"a"}"#], ["a": #"{"of":"a"}"#], [:],
            ]
        )
        #expect(try queue() == ["k running 0", "l available 0", "m running 0", "n running 0", "o available 0"])
        store.outputLimit = 20
        #expect(try store.claim(JobClaim(.echo, count: 10)).map(\.name) == ["l", "o"])
    }

    @Test func `steps whose outputs cannot be read are released, and the others are executed`() throws {
        try startReferring(to: ["k": "a", "l": nil])
        try database.rows("REVOKE SELECT ON nofx.steps FROM nofx_test_operator")
        try database.rows(
            """
            GRANT SELECT (team_id, run_id, no, name, tool, inputs, timeout_s, retry_base_s, retry_cap_s, secrets_scope)
            ON nofx.steps TO nofx_test_operator
            """
        )
        var store = try database.stepStore()
        #expect(try store.claim(JobClaim(.echo, count: 10)).map(\.name) == ["l"])
        #expect(try queue() == ["k available 0", "l running 0"])
        #expect(throws: StoreRefusal.self) { _ = try store.claim(JobClaim(.echo, count: 10)) }
        #expect(try queue() == ["k available 0", "l running 0"])
    }

    /// Starts a run whose first step made artifacts, and whose others have these inputs.
    private func startReading(_ inputs: String..., artifacts: [NewArtifact]) throws {
        try database.startRun(
            [TestStep("a/b", priority: -1), TestStep("a", priority: -1)]
                + inputs.enumerated().map { place, inputs in
                    TestStep("\(place)", after: ["a/b", "a"], inputs: inputs, priority: place)
                },
            of: team
        )
        try database.drain({ $0.maxSteps = 2 }) { step, _ in
            .succeeded(outputs: JSONText(trusted: Array("{}".utf8)), artifacts: artifacts)
        }
    }

    private func artifact(_ name: String, _ content: [UInt8]) -> NewArtifact {
        NewArtifact(name: name, contentType: "text/plain", content: content, sha256: [UInt8](repeating: 0, count: 32))
    }

    @Test func `a claim brings the artifacts that the inputs name, with their bytes`() throws {
        try startReading(
            #"{"x":{"$artifact":"a/b/c.md"},"y":[{"$artifact":"/a/b~1c.md"}],"z":{"$artifact":"a/none","default":1}}"#,
            #"{"x":{"$artifact":"a/c.md"}}"#,
            artifacts: [artifact("b/c.md", [1, 0, 255]), artifact("c.md", Array("é\n".utf8))]
        )
        var store = try database.stepStore()
        let steps = try store.claim(JobClaim(.echo, count: 10)).sorted { $0.name < $1.name }
        #expect(
            steps.map(\.artifacts) == [
                ["a/b/c.md": .bytes(Array("é\n".utf8)), "/a/b~1c.md": .bytes([1, 0, 255])],
                ["a/c.md": .bytes(Array("é\n".utf8))],
            ]
        )
    }

    @Test func `steps whose artifacts are too much for a step or a claim are told or given back`() throws {
        let half = [UInt8](repeating: 0x78, count: 3 << 20)
        try startReading(
            #"{"x":{"$artifact":"a/1"}}"#,
            #"{"x":[{"$artifact":"a/1"},{"$artifact":"a/2"}]}"#,
            #"{"x":{"$artifact":"a/2"}}"#,
            artifacts: [artifact("1", half), artifact("2", half)]
        )
        var store = try database.stepStore()
        store.outputLimit = 4 << 20
        let steps = try store.claim(JobClaim(.echo, count: 10)).sorted { $0.name < $1.name }
        #expect(steps.map(\.name) == ["0", "1"])
        #expect(steps.last?.artifacts == ["a/1": .tooLarge, "a/2": .tooLarge])
        #expect(try store.claim(JobClaim(.echo, count: 10)).map(\.artifacts) == [["a/2": .bytes(half)]])
    }

    @Test func `a step without outputs counts as such, also beside a step with a shorter name`() throws {
        try database.startRun(
            [
                TestStep("a", priority: -1), TestStep("a.l", attempts: 1, priority: -1, continues: true),
                TestStep(
                    "k",
                    after: ["a", "a.l"],
                    inputs: #"{"x":{"$from":"a.l","default":1},"y":{"$from":"/a/l"}}"#
                ),
            ],
            of: team
        )
        try database.drain({ $0.maxSteps = 2 }) { step, _ in
            step.name == "a"
                ? .succeeded(outputs: JSONText(trusted: Array(#"{"l":2}"#.utf8))) : .failed(StepFailure("no", "No."))
        }
        var store = try database.stepStore()
        let step = try #require(try store.claim(JobClaim(.echo, count: 10)).first)
        let inputs = try step.inputs.resolving(outputs: step.outputs) { _ in nil }
        #expect(inputs.description == #"{"x":1,"y":2}"#)
    }

    @Test func `new claimants do not all begin with the oldest team`() throws {
        let now = Timestamp.now()
        let ages = [Duration.seconds(-30 * 86_400), .seconds(-3_600)]
        let teams = ages.map { UUID.v7(at: now + $0) }
        for id in teams {
            let team = try database.makeWorkingTeam()
            try database.startRun((0..<60).map { TestStep("\($0)") }, of: team)
            try database.rows(
                """
                WITH s AS (UPDATE nofx.steps SET team_id = \(id) WHERE team_id = \(team.id))
                UPDATE nofx.queue SET tenant_id = \(id) WHERE tenant_id = \(team.id)
                """
            )
        }
        let served = try (0..<60).flatMap { _ in
            var store = try database.stepStore()
            return try store.claim(JobClaim(.echo)).map(\.team)
        }
        #expect(Set(served) == Set(teams))
    }

    @Test(
        arguments: [
            (nil, nil, true, false), (["test:echo"], [], true, false), (["test:fail"], ["deploy"], false, false),
            ([], ["deploy"], false, false), (nil, ["other", "deploy"], true, true), (nil, ["other"], true, false),
        ] as [([String]?, [String]?, Bool, Bool)]
    )
    func `a claim reports what the team's policy forbids`(
        tools: [String]?,
        scopes: [String]?,
        allowsPlain: Bool,
        allowsSecret: Bool
    ) throws {
        try database.startRun([TestStep("plain"), TestStep("secret")], of: team)
        try database.rows("UPDATE nofx.steps SET secrets_scope = 'deploy' WHERE name = 'secret'")
        if let scopes {
            try database.rows(
                "INSERT INTO nofx.tool_policies (team_id, tools, secret_scopes) VALUES (\(team.id), \(tools), \(scopes))"
            )
        }
        var store = try database.stepStore()
        let steps = try store.claim(JobClaim(.echo, count: 2)).sorted { $0.name < $1.name }
        #expect(steps.map(\.isAllowed) == [allowsPlain, allowsSecret])
    }

    @Test func `a sweep that does not get done in time asks for less, and does not delay the others`() throws {
        let run = try database.startRun([TestStep("a")], of: team)
        try database.startRun([TestStep("late", delay: .seconds(3_600))], of: team)
        try database.rows("UPDATE nofx.queue SET run_at = now() WHERE state = 'scheduled'")
        try database.rows("ALTER FUNCTION nofx.rescue_steps RENAME TO real_rescue_steps")
        try database.rows(
            """
            CREATE FUNCTION nofx.rescue_steps(p_limit integer, OUT returned integer, OUT rescued integer,
                                              OUT dead_lettered integer, OUT cancelled integer)
            LANGUAGE sql AS 'SELECT 0, 0, 0, 0 FROM pg_sleep(p_limit / 100.0)'
            """
        )
        try database.rows("GRANT EXECUTE ON FUNCTION nofx.rescue_steps TO nofx_test_operator")
        var store = try database.stepStore()
        store.answerLimit = .seconds(1)
        #expect(throws: MaintenanceTimedOut.self) { _ = try store.maintain() }
        #expect(try database.value("SELECT count(*) FROM nofx.queue WHERE state = 'scheduled'") == 0)
        let limits = { (store: borrowing PostgresStepStore) in store.sweeps.map(\.limit.count).min() }
        let first = limits(store)
        #expect(throws: MaintenanceTimedOut.self) { _ = try store.maintain() }
        #expect(limits(store) ?? 0 < first ?? 0)
        // Down to what can be done in time.
        while (try? store.maintain()) == nil {}
        store.answerLimit = .seconds(5)
        var worker = Worker(store, WorkerSettings(topics: [.echo]), log: .silent) { TestExecutor { _, _ in .done } }
        #expect(try worker.run(until: .test).succeeded == 2)
        #expect(try database.status(of: run) == "succeeded")
    }
}
