import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Runs
@testable import Teams
@testable import nofx

/// Reading what a running step has written so far.
@Suite struct RunTimelineTextTests {
    /// A world in which an AI step runs.
    private struct Running {
        let world: RunWorld
        let job: UUID
        let fence: Int64

        init() throws {
            world = try RunWorld([TestStep("ask", "ai:generate", inputs: #"{"prompt":"x"}"#), TestStep("build")])
            let row = try #require(
                try world.database.rows(
                    "SELECT id, fence FROM nofx.claim_jobs('ai.generate', 1, interval '1 minute', NULL, NULL, NULL)"
                ).first
            )
            (job, fence) = (try row["id"], try row["fence"])
            try world.database.rows("SELECT nofx.begin_steps(ARRAY[\(job)::uuid], ARRAY[\(fence)::bigint])")
        }

        /// The run's timeline.
        func read(_ more: String = "") throws -> Timeline {
            try world.database.call(RunTimeline.self, world.input(more), as: world.owner)
        }

        /// Whether the next heartbeat says that someone watches.
        var isWatched: Bool {
            get throws {
                try world.database.value(
                    """
                    SELECT is_watched FROM nofx.heartbeat_jobs(ARRAY[\(job)::uuid], ARRAY[\(fence)::bigint],
                                                               interval '1 minute')
                    """
                )
            }
        }

        /// Writes a text; whether someone still watches.
        @discardableResult
        func show(_ text: String, fence other: Int64? = nil) throws -> Bool {
            try world.database.value(
                """
                SELECT count(*) > 0 FROM nofx.show_texts(ARRAY[\(job)::uuid], ARRAY[\(other ?? fence)::bigint],
                                                         ARRAY[\(text)])
                """
            )
        }
    }

    private static let including = #""include":["text"]"#

    @Test func `a text is there for those who ask for it, and only then does a worker learn of it`() throws {
        let running = try Running()
        #expect(try running.read().texts == nil)
        #expect(try running.read().answer["texts"]?.isNull == true)
        #expect(try !running.isWatched)
        #expect(try running.read(Self.including).texts == [])
        #expect(try running.isWatched)
        #expect(try running.show("Hello"))
        let answer = try running.read(Self.including).answer
        let texts = answer["texts"]?.elements.map { $0 } ?? []
        #expect(texts.map { $0["step"]?.string } == ["ask"])
        #expect(texts.map { $0["text"]?.string } == ["Hello"])
        #expect(texts.map { $0["attempt"]?.integer } == [1])
        #expect(texts.allSatisfy { $0["at"]?.string != nil })
    }

    @Test func `asking again soon writes nothing, and interest ends by itself`() throws {
        let running = try Running()
        func until() throws -> Timestamp? {
            try running.world.database.value("SELECT watched_until FROM nofx.queue WHERE id = \(running.job)")
        }
        _ = try running.read(Self.including)
        let first = try until()
        _ = try running.read(Self.including)
        #expect(try until() == first)
        try running.world.database.rows("UPDATE nofx.queue SET watched_until = now() - interval '1 second'")
        #expect(try !running.isWatched)
        #expect(try !running.show("late"))
    }

    @Test func `a worker without the lease writes nothing, and a text is gone with its attempt`() throws {
        let running = try Running()
        _ = try running.read(Self.including)
        #expect(try !running.show("stolen", fence: running.fence + 1))
        #expect(try running.read(Self.including).texts == [])
        try running.show("mine")
        let retry = #"{"code":"ai_timeout","message":"Late."}"#
        try running.world.database.rows(
            """
            SELECT nofx.finish_steps(ARRAY[\(running.job)::uuid], ARRAY[\(running.fence)::bigint], '{retry}', '{""}',
                                     ARRAY[\(retry)], ARRAY[interval '1 hour'], '{}', '{}', '{}', '{}', '{}')
            """
        )
        #expect(try running.read(Self.including).texts == [])
        #expect(try running.world.database.value("SELECT count(text) FROM nofx.queue") == 0)
    }

    @Test func `a wait ends with new text`() throws {
        let running = try Running()
        var context = try running.world.database.context(for: running.world.owner)
        let members = String(running.world.input(#""waitSeconds":25,\#(Self.including)"#).dropFirst().dropLast())
        let json = FunctionTests.input(members, try running.read().nextCursor)
        let request = try Timeline.Request(input: JSONDocument(parsing: Array(json.utf8)).root)
        var pauses = 0
        let timeline = try Timeline.read(request, in: &context) { _ in
            pauses += 1
            if pauses == 3 { try running.show("new") }
        }
        #expect(pauses == 3)
        #expect(timeline.events.isEmpty)
        #expect(timeline.texts?.map(\.text) == ["new"])
    }

    @Test func `a stranger neither reads a text nor is a viewer`() throws {
        let running = try Running()
        try running.show("secret")
        let input = running.world.input(Self.including)
        let refusal = running.world.database.refusal(of: RunTimeline.self, input, as: .stranger())
        #expect(refusal?.hasPrefix("404") == true)
        #expect(try !running.isWatched)
    }
}
