import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Runs
@testable import Teams
@testable import nofx

/// Rows that violate today's input rules are still readable: the rules apply to input, not to stored data.
@Suite struct StoredRunTests {
    private static let goal = "\u{7} " + String(repeating: "x", count: 3_000)
    private static let name = " old\tname\u{200B} "
    private static let message = String(repeating: "m", count: 2_000)

    /// A run with values that no input could contain.
    private let world: RunWorld

    /// The input that names the team.
    private var team: String { #"{"teamId":"\#(world.team.id)"}"# }

    init() throws {
        world = try RunWorld([
            TestStep("build"), TestStep("ship", after: ["build"]), TestStep("approve", "gate:manual"),
        ])
        let database = world.database
        try database.finish(
            database.claim(),
            artifacts: [
                TestArtifact("notes.md", "text/markdown", "# 2".utf8), TestArtifact("old.txt", "text/plain", []),
            ]
        )
        for constraint in [
            "ALTER TABLE nofx.runs DROP CONSTRAINT runs_goal_check",
            "ALTER TABLE nofx.steps DROP CONSTRAINT steps_name_check",
            "ALTER TABLE nofx.gates DROP CONSTRAINT gates_message_check",
        ] as [Query] {
            try database.rows(constraint)
        }
        try database.rows("UPDATE nofx.runs SET goal = \(Self.goal)")
        try database.rows(
            """
            UPDATE nofx.steps SET name = \(Self.name), tool = 'Old Tool', inputs = '[1]', secrets_scope = 'No Scope',
                                  tools_allowed = '{Old Tool}'
            WHERE name = 'ship'
            """
        )
        try database.rows("UPDATE nofx.steps SET name = \(Self.name + "2") WHERE name = 'approve'")
        try database.rows("UPDATE nofx.gates SET message = \(Self.message)")
        try database.rows("UPDATE nofx.artifacts SET name = '../old' WHERE name = 'old.txt'")
        try database.rows("UPDATE nofx.artifacts SET content_type = 'no type' WHERE name = 'notes.md'")
    }

    @Test func `getRun, listRuns and runTimeline return invalid stored values`() throws {
        let found = try world.database.call(GetRun.self, world.input(), as: world.owner)
        #expect(found.summary.goal == Self.goal)
        #expect(found.steps.map(\.name) == ["build", Self.name, Self.name + "2"])
        #expect(found.steps.map(\.tool) == ["test:echo", "Old Tool", "gate:manual"])
        #expect(found.steps[1].inputs?.description == "[1]")
        #expect(found.steps[0].artifacts.map(\.name) == ["../old", "notes.md"])
        #expect(found.steps[2].gate?.message == Self.message)
        _ = try found.answer

        let listed = try world.database.call(ListRuns.self, team, as: world.owner)
        #expect(listed.items.map(\.goal) == [Self.goal])

        let timeline = try world.database.call(RunTimeline.self, world.input(), as: world.owner)
        #expect(timeline.events.contains { $0.step == Self.name + "2" })
    }

    @Test func `listGates and getArtifact return invalid stored values`() throws {
        let gates = try world.database.call(ListGates.self, team, as: world.owner)
        #expect(gates.items.map(\.goal) == [Self.goal])
        #expect(gates.items.map(\.step) == [Self.name + "2"])
        #expect(gates.items.map(\.state.message) == [Self.message])

        let input = world.step("build", #""name":"notes.md""#)
        let artifact = try world.database.call(GetArtifact.self, input, as: world.owner).answer
        #expect(artifact["contentType"]?.string == "no type")
        #expect(artifact["contentBase64"]?.string == Base64.encode(Array("# 2".utf8)))
    }

    @Test func `rerunRun, retryStep and cancelRun accept invalid stored values`() throws {
        let refusal = world.database.refusal(of: RerunRun.self, world.input(), as: world.owner)
        #expect(refusal == "403 policy_denied")
        try world.database.rows("UPDATE nofx.steps SET secrets_scope = NULL")
        let again = try world.database.call(RerunRun.self, world.input(), as: world.owner)
        #expect(again.steps.map(\.name) == ["build", Self.name, Self.name + "2"])

        try world.database.allow(["Old Tool", "No Tool"], to: world.team)
        #expect(world.database.refusal(of: RerunRun.self, world.input(), as: world.owner) == "403 policy_denied")
        let preview = try world.database.call(
            PreviewRun.self,
            world.team.plan(Steps.json([Steps.echo("a")])),
            as: world.owner
        )
        #expect(preview.steps.map(\.isAllowed) == [false])

        let cancelled = try world.database.call(CancelRun.self, world.input(), as: world.owner)
        #expect(cancelled.status == .cancelled)
        #expect(
            world.database.refusal(of: RetryStep.self, world.step("build"), as: world.owner) == "409 step_not_retryable"
        )
    }
}
