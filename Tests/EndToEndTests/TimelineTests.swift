import Base
import Core
import Postgres
import TestSupport
import Testing

/// The timeline of a run, for a reader who did not watch it.
struct TimelineTests {
    @Test func `pages read while eight workers finish steps contain each event once and in order`() throws {
        let database = try TestDatabase()
        let subject = TestDatabase.newSubject()
        let team = try database.makeTeam(as: subject)
        let steps = (0..<160).map { TestStep("step \($0)", after: $0 < 80 ? [] : ["step \($0 - 80)"]) }
        let run = try database.startRun(steps, team: UUID(team) ?? .v7(), by: Caller(endToEnd: subject))
        let workers = TestThread {
            Result {
                try runConcurrently(8) { _, barrier in
                    barrier()
                    while try database.value("SELECT ended_at IS NULL FROM nofx.runs") {
                        try database.finish(database.claim("test.echo", 2))
                    }
                }
            }
        }
        let timeline = try database.function("runTimeline", as: subject)
        var numbers: [Int] = []
        var pages = 0
        var cursor = ""
        var page: JSONValue
        repeat {
            let input = #"{"teamId":"\#(team)","runId":"\#(run)","limit":37,"waitSeconds":1\#(cursor)}"#
            let outcome = try timeline.run(input)
            try #require(outcome.status == 0, "\(outcome)")
            page = try outcome.json()
            numbers += page["items"]?.elements.compactMap { $0["seq"]?.integer } ?? []
            cursor = #","cursor":"\#(page["nextCursor"]?.string ?? "")""#
            pages += 1
        } while page["ended"]?.bool == false
        _ = try workers.join().get()

        let count: Int = try database.value("SELECT event_seq FROM nofx.runs")
        #expect(numbers == Array(1...count))
        #expect(pages > count / 37)
        // Each step was queued on creation or release, was started once and succeeded.
        #expect(count == 1 + 3 * 160 + 1)
    }

    @Test func `a waiting reader gets an event when it happens, before the wait ends`() throws {
        let database = try TestDatabase()
        let subject = TestDatabase.newSubject()
        let team = try database.makeTeam(as: subject)
        let run = try database.startRun([TestStep("build")], team: UUID(team) ?? .v7(), by: Caller(endToEnd: subject))
        // The call's deadline would permit a wait of minutes.
        let timeline = try database.function("runTimeline", as: subject, environment: ["NOFX_TIMEOUT_MS": "300000"])
        let input = #"{"teamId":"\#(team)","runId":"\#(run)","waitSeconds":25"#
        let first = try timeline.run(input + "}").json()
        #expect(first["items"]?.count == 2)
        let cursor = first["nextCursor"]?.string ?? ""

        let waited = Deadline.after(.seconds(25))
        let waiter = TestThread {
            Result { try timeline.run(#"\#(input),"cursor":"\#(cursor)"}"#) }
        }
        // The reader has found no event once its session is idle between two transactions.
        try Poll.until {
            try database.value(
                """
                SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND usename = 'nofx_test_app' AND state = 'idle'
                  AND xact_start IS NULL AND query <> ''
                """
            ) > 0
        }
        try database.work()
        let answer = try waiter.join().get().json()
        #expect(!waited.hasPassed)
        let types = answer["items"]?.elements.map { $0["type"]?.string }
        #expect(types == ["step.started", "step.succeeded", "run.succeeded"])
        #expect(answer["ended"]?.bool == true)
    }

    // Cases: queue 92
    @Test func `a wait ends before the call's deadline, and the next call continues from there`() throws {
        let database = try TestDatabase()
        let subject = TestDatabase.newSubject()
        let team = try database.makeTeam(as: subject)
        let run = try database.startRun([TestStep("build")], team: UUID(team) ?? .v7(), by: Caller(endToEnd: subject))
        let timeline = try database.function("runTimeline", as: subject)
        let input = #"{"teamId":"\#(team)","runId":"\#(run)","waitSeconds":25"#
        let cursor = try timeline.run(input + "}").json()["nextCursor"]?.string ?? ""
        // A call's deadline is ten seconds.
        let outcome = try timeline.run(#"\#(input),"cursor":"\#(cursor)"}"#)
        #expect(outcome.status == 0, "\(outcome)")
        let page = try outcome.json()
        #expect(page["items"]?.count == 0)
        #expect(page["nextCursor"]?.string == cursor)
        #expect(page["hasMore"]?.bool == false && page["ended"]?.bool == false)
    }
}
