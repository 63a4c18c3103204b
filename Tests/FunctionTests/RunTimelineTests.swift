import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Runs
@testable import Teams
@testable import nofx

@Suite struct RunTimelineTests {
    // Cases: queue 92
    @Test func `pages follow each other without gaps, and an empty page has a cursor too`() throws {
        let world = try RunWorld((0..<5).map { TestStep("step \($0)") })
        try world.database.work()
        var types: [String] = []
        var numbers: [Int] = []
        var cursor: Cursor?
        var page: Timeline
        repeat {
            page = try world.read(after: cursor, #""limit":4"#)
            #expect(page.events.count == 4 || !page.hasMore)
            types += page.events.map(\.type)
            numbers += page.events.map(\.number)
            cursor = page.nextCursor
        } while page.hasMore
        #expect(try types == world.events)
        #expect(numbers == Array(1...types.count))
        #expect(page.hasEnded)
        let rest = try world.read(after: cursor)
        #expect(rest.events.isEmpty && !rest.hasMore && rest.hasEnded)
        #expect(rest.nextCursor == cursor)
    }

    // Cases: queue 90
    @Test func `a page reports more events only if there are more`() throws {
        let world = try RunWorld([TestStep("build")])
        #expect(try world.events == ["run.created", "step.queued"])
        for (limit, hasMore) in [(1, true), (2, false), (3, false), (500, false)] {
            let page = try world.read(#""limit":\#(limit)"#)
            #expect(page.hasMore == hasMore, "\(limit)")
            #expect(page.events.count == min(limit, 2))
            #expect(!page.hasEnded)
        }
        for limit in ["0", "501", "-1", "1.5", #""2""#] {
            #expect(world.refusal(#""limit":\#(limit)"#) == "422 validation_failed")
        }
        for seconds in ["-1", "26", "0.5"] {
            #expect(world.refusal(#""waitSeconds":\#(seconds)"#) == "422 validation_failed")
        }
    }

    @Test func `an event has its type, step and time, and two of one transaction have different cursors`() throws {
        let world = try RunWorld([TestStep("build"), TestStep("ship", after: ["build"])])
        try world.database.work("test.echo", "failed", outputs: nil, error: "http_status")
        let items = try world.read().answer["items"]?.elements.map { $0 } ?? []
        #expect(items.map { $0["seq"]?.integer } == Array(1...items.count))
        let failure = try #require(items.first { $0["type"]?.string == "step.failed" })
        #expect(failure["step"]?.string == "build")
        #expect(failure["data"]?["error"]?["code"]?.string == "http_status")
        #expect(failure["at"]?.string?.hasSuffix("Z") == true)
        #expect(items.last?["type"]?.string == "run.failed")
        #expect(items.last?["step"]?.isNull == true)
        #expect(items.last?["data"]?.count == 0)
    }

    // Cases: queue 89
    @Test func `a foreign cursor and one that this list did not issue are rejected`() throws {
        let world = try RunWorld()
        let another = try world.another()
        let other = try world.database.team("Other", of: world.owner)
        let cursor = try world.read().nextCursor
        let (team, run) = (world.team.id, world.run)
        for members in [
            #""teamId":"\#(team)","runId":"\#(another)""#, #""teamId":"\#(other.id)","runId":"\#(run)""#,
        ] {
            let refusal = world.database.refusal(of: RunTimeline.self, input(members, cursor), as: world.owner)
            #expect(refusal == "422 invalid_cursor")
        }
        let binding = "\(team)/\(run)"
        for keys in [["3"], ["-1"], ["2147483648"], ["x"], [""], ["1", "1"], []] {
            let forged = Cursor(list: "runTimeline", binding: binding, keys: keys)
            #expect(world.refusal(after: forged) == "422 invalid_cursor", "\(keys)")
        }
        #expect(world.refusal(after: Cursor(list: "listRuns", binding: binding, keys: ["1"])) == "422 invalid_cursor")
        #expect(world.refusal(after: Cursor(list: "runTimeline", binding: binding, keys: ["1"])) == nil)
        #expect(world.refusal(#""cursor":2"#) == "422 validation_failed")
    }

    // Cases: queue 86
    @Test func `a run of another team has no timeline`() throws {
        let world = try RunWorld()
        let other = Caller.stranger()
        let theirs = try world.database.team(of: other)
        let refusal = world.database.refusal(of: RunTimeline.self, theirs.input(world.run), as: other)
        #expect(refusal == "404 run_not_found")
        #expect(world.database.refusal(of: RunTimeline.self, world.input(), as: other) == "404 team_not_found")
        #expect(world.refusal(as: try world.member(as: .member, permissions: [.write])) == "403 forbidden")
        #expect(world.refusal(as: world.owner.key(scopes: [.write])) == "403 insufficient_scope")
        #expect(world.refusal(as: try world.member(as: .viewer)) == nil)
    }
}

extension RunWorld {
    /// A page of the run's timeline.
    fileprivate func read(after cursor: Cursor? = nil, _ more: String = "") throws -> Timeline {
        try database.call(RunTimeline.self, request(after: cursor, more), as: owner)
    }

    /// The first page of the run's timeline.
    fileprivate func read(_ more: String) throws -> Timeline { try read(after: nil, more) }

    /// The refusal of the run's timeline to a caller; nil if it succeeds.
    fileprivate func refusal(_ more: String = "", after cursor: Cursor? = nil, as caller: Caller? = nil) -> String? {
        database.refusal(of: RunTimeline.self, request(after: cursor, more), as: caller ?? owner)
    }

    private func request(after cursor: Cursor?, _ more: String) -> String {
        FunctionTests.input(String(input(more).dropFirst().dropLast()), cursor)
    }
}
