import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Runs
@testable import Teams
@testable import nofx

@Suite struct ListRunsTests {
    // Cases: queue 91
    @Test func `runs are paged newest first, and new runs do not change later pages`() throws {
        let world = try RunWorld()
        let runs = try [world.run] + (0..<6).map { _ in try world.another() }
        let team = #""teamId":"\#(world.team.id)","limit":3"#
        var seen: [ID<Run>] = []
        var cursor: Cursor?
        repeat {
            let page = try world.database.call(ListRuns.self, input(team, cursor), as: world.owner)
            seen += page.items.map(\.id)
            cursor = page.nextCursor
            try world.another()
        } while cursor != nil
        #expect(seen.map(\.uuid) == runs.reversed())
    }

    @Test func `runs with equal start times are each listed once`() throws {
        let world = try RunWorld()
        for _ in 0..<6 { try world.another() }
        try world.database.rows("UPDATE nofx.runs SET created_at = '2026-01-02T03:04:05.678901Z'")
        let pages: [[RunSummary]] = try world.database.pages(
            ListRuns.self,
            #""teamId":"\#(world.team.id)","limit":2"#,
            as: world.owner
        )
        #expect(pages.map(\.count) == [2, 2, 2, 1])
        #expect(Set(pages.joined().map(\.id)).count == 7)
    }

    @Test func `runs are filtered by status and time`() throws {
        let world = try RunWorld()
        let gate = try world.another([TestStep("approve", "gate:manual")])
        let failing = try world.another([TestStep("fail", "test:fail")])
        try world.database.work("test.fail", "failed", outputs: nil, error: "test_failure")
        func list(_ filter: String) throws -> [UUID] {
            try world.database.call(ListRuns.self, #"{"teamId":"\#(world.team.id)",\#(filter)}"#, as: world.owner)
                .items.map(\.id.uuid)
        }
        #expect(try list(#""status":"running""#) == [world.run])
        #expect(try list(#""status":"waiting""#) == [gate])
        #expect(try list(#""status":"failed""#) == [failing])
        #expect(try list(#""status":"succeeded""#) == [])
        let (early, late) = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")
        try world.database.rows("UPDATE nofx.runs SET created_at = \(early)::text::timestamptz WHERE id = \(gate)")
        #expect(try list(#""createdBefore":"\#(late)""#) == [gate])
        #expect(try list(#""createdAfter":"\#(late)""#) == [failing, world.run])
        #expect(try list(#""createdAfter":"\#(early)","createdBefore":"\#(late)""#) == [gate])
        let refusal = world.database.refusal(
            of: ListRuns.self,
            #"{"teamId":"\#(world.team.id)","createdAfter":"\#(late)","createdBefore":"\#(early)"}"#,
            as: world.owner
        )
        #expect(refusal == "422 validation_failed")
    }

    @Test(
        arguments: [
            ("running", "runs_open"), ("waiting", "runs_open"), ("failed", "runs_unsuccessful"),
            ("cancelled", "runs_unsuccessful"), (nil, "runs_page"),
        ] as [(String?, String)]
    )
    func `each status filter uses its most selective index`(status: String?, index: String) throws {
        let world = try RunWorld()
        try world.database.rows(
            """
            INSERT INTO nofx.runs (team_id, id, goal, status, steps_total, steps_open, steps_queued, created_by, ended_at)
            SELECT \(world.team.id), gen_random_uuid(), 'Old', 'succeeded', 1, 0, 0, \(world.owner.user), now()
            FROM generate_series(1, 20000)
            """
        )
        try world.database.rows("ANALYZE nofx.runs")
        func scans() throws -> Int {
            try world.database.value(
                "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = \(index)"
            )
        }
        let filter = status.map { #","status":"\#($0)""# } ?? ""
        let before = try scans()
        try world.database.call(ListRuns.self, #"{"teamId":"\#(world.team.id)"\#(filter)}"#, as: world.owner)
        // The server updates its counters after the session has ended.
        try Poll.until { try scans() != before }
    }

    @Test func `a cursor is valid only for its own list`() throws {
        let world = try RunWorld()
        for _ in 0..<3 { try world.another() }
        let other = try world.database.team("Other", of: world.owner)
        let page = try world.database.call(
            ListRuns.self,
            #"{"teamId":"\#(world.team.id)","limit":1}"#,
            as: world.owner
        )
        let cursor = try #require(page.nextCursor)
        for members in [
            #""teamId":"\#(other.id)""#, #""teamId":"\#(world.team.id)","status":"running""#,
            #""teamId":"\#(world.team.id)","createdAfter":"2026-01-01T00:00:00Z""#,
        ] {
            let refusal = world.database.refusal(of: ListRuns.self, input(members, cursor), as: world.owner)
            #expect(refusal == "422 invalid_cursor")
        }
    }

    // Cases: queue 86
    @Test func `another team's runs are not visible`() throws {
        let world = try RunWorld()
        let other = Caller.stranger()
        let theirs = try world.database.team(of: other)
        #expect(try world.database.call(ListRuns.self, theirs.reference, as: other).items.isEmpty)
        #expect(world.database.refusal(of: ListRuns.self, world.team.reference, as: other) == "404 team_not_found")
        let reader = try world.member(as: .viewer)
        #expect(try world.database.call(ListRuns.self, world.team.reference, as: reader).items.count == 1)
        let nobody = try world.member(as: .member, permissions: [])
        #expect(world.database.refusal(of: ListRuns.self, world.team.reference, as: nobody) == "403 forbidden")
    }
}
