import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Runs
@testable import Teams
@testable import nofx

/// Waiting for the next event of a run.
@Suite struct RunTimelineWaitTests {
    @Test func `a wait polls with growing pauses and returns a new event`() throws {
        let world = try RunWorld()
        var context = try world.database.context(for: world.owner)
        let request = try world.request(after: world.last(in: &context), waiting: 25)
        var pauses: [Duration] = []
        let timeline = try Timeline.read(request, in: &context) { pause in
            pauses.append(pause)
            if pauses.count == 5 { _ = try world.database.finish(world.database.claim()) }
        }
        #expect(pauses == [100, 200, 400, 500, 500].map { Duration.milliseconds($0) })
        #expect(timeline.events.map(\.type) == ["step.started", "step.succeeded", "run.succeeded"])
        #expect(timeline.hasEnded)
    }

    @Test func `a waiting call holds no transaction and no lock`() throws {
        let world = try RunWorld()
        var context = try world.database.context(for: world.owner)
        let request = try world.request(after: world.last(in: &context), waiting: 25)
        var held: [Int] = []
        _ = try Timeline.read(request, in: &context) { _ in
            held.append(
                try world.database.value(
                    """
                    SELECT (SELECT count(*) FROM pg_stat_activity
                            WHERE datname = current_database() AND usename = 'nofx_test_app' AND xact_start IS NOT NULL)
                         + (SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
                            WHERE a.datname = current_database() AND a.usename = 'nofx_test_app')
                    """
                )
            )
            if held.count == 3 { try world.database.call(CancelRun.self, world.input(), as: world.owner) }
        }
        #expect(held == [0, 0, 0])
    }

    @Test func `whoever waits has no connection`() throws {
        let world = try RunWorld()
        var context = try world.database.context(for: world.owner)
        let request = try world.request(after: world.last(in: &context), waiting: 25)
        var held: [Int] = []
        _ = try Timeline.read(request, in: &context) { _ in
            // The server notices the end of a session a moment later.
            try Poll.until { try world.connections() == 0 }
            held.append(try world.connections())
            if held.count == 3 { try world.database.call(CancelRun.self, world.input(), as: world.owner) }
        }
        #expect(held == [0, 0, 0])
    }

    @Test func `as many calls of a user wait as there are places, and a place comes back`() throws {
        let world = try RunWorld()
        var quotas = Quotas()
        quotas.waitingCallsPerUser = 2
        let member = try world.member(as: .member)
        func read(as caller: Caller, _ body: () throws -> Void) throws {
            struct Enough: Error {}
            var context = try world.database.context(for: caller, quotas: quotas)
            let request = try world.request(after: world.last(in: &context), waiting: 25)
            do {
                _ = try Timeline.read(request, in: &context) { _ in
                    try body()
                    throw Enough()
                }
            } catch is Enough {}
        }
        for _ in 0..<2 {
            try read(as: world.owner) {
                try read(as: world.owner) {
                    let refused = #expect(throws: PostgresError.self) { try read(as: world.owner) {} }
                    let problem = refused.map(Problem.init)
                    #expect(problem?.status == 429)
                    #expect(problem?.code == "too_many_waiting")
                    #expect((1...30).contains(problem?.retryAfter ?? 0))
                    try read(as: member) {}
                }
            }
        }
        #expect(try world.database.value("SELECT count(*) FROM nofx.rate_limits WHERE key LIKE '% waits %'") == 0)
    }

    @Test func `the place of a process that died is free when its wait would have been over`() throws {
        let world = try RunWorld()
        try world.database.asFunction(for: world.owner, "SELECT nofx.take_place(1, 20)")
        #expect(throws: PostgresError.self) {
            try world.database.asFunction(for: world.owner, "SELECT nofx.take_place(1, 20)")
        }
        try world.database.rows("UPDATE nofx.rate_limits SET tat = now() WHERE key LIKE '% waits 1'")
        try world.database.asFunction(for: world.owner, "SELECT nofx.take_place(1, 20)")
    }

    @Test func `it waits once, and counts as one look`() throws {
        let world = try RunWorld()
        var quotas = Quotas()
        quotas.reads = Rate(1, in: 3_600, burst: 2)
        var context = try world.database.context(for: world.owner, quotas: quotas)
        let first = try world.last(in: &context)
        var pauses = 0
        let timeline = try Timeline.read(try world.request(after: first, waiting: 25), in: &context) { _ in
            pauses += 1
            if pauses == 10 { try world.database.rows("SELECT nofx.stop_run(\(world.team.id), \(world.run), NULL)") }
        }
        #expect(pauses == 10 && !timeline.events.isEmpty)
        #expect(context.rateLimitStatus?.remaining == 0)
        let refused = #expect(throws: PostgresError.self) {
            _ = try Timeline.read(world.request(after: nil, waiting: 0), in: &context)
        }
        #expect(refused.map(Problem.init)?.code == "rate_limited")
    }

    @Test func `a caller who loses the membership during the wait gets no event`() throws {
        let world = try RunWorld()
        let member = try world.member(as: .member)
        var context = try world.database.context(for: member)
        let request = try world.request(after: world.last(in: &context), waiting: 25)
        var pauses = 0
        let denial = #expect(throws: Denial.self) {
            _ = try Timeline.read(request, in: &context) { _ in
                pauses += 1
                guard pauses == 2 else { return }
                try world.database.rows("DELETE FROM nofx.team_members WHERE user_id = \(member.user)")
                _ = try world.database.finish(world.database.claim())
            }
        }
        #expect(denial?.reason == .notMember)
        #expect(pauses == 2)
    }

    @Test func `a call does not wait for existing events, after the run's end, or without waitSeconds`() throws {
        let world = try RunWorld()
        var context = try world.database.context(for: world.owner)
        struct Waited: Error {}
        func read(_ request: Timeline.Request) throws -> Timeline {
            try Timeline.read(request, in: &context) { _ in throw Waited() }
        }
        #expect(try read(world.request(after: nil, waiting: 25)).events.count == 2)
        let last = try world.last(in: &context)
        #expect(try read(world.request(after: last, waiting: 0)).events.isEmpty)
        #expect(throws: Waited.self) { try read(world.request(after: last, waiting: 25)) }
        try world.database.work()
        let end = try world.last(in: &context)
        #expect(try read(world.request(after: end, waiting: 25)).hasEnded)
    }

    @Test func `a wait ends one second before the call's deadline`() throws {
        let world = try RunWorld()
        var first = try world.database.context(for: world.owner)
        let request = try world.request(after: world.last(in: &first), waiting: 25)
        var context = Context(
            origin: Origin(requestID: "test"),
            deadline: .after(.milliseconds(900)),
            log: .silent,
            database: first.separateDatabase()
        )
        context.authenticated(as: world.owner)
        // The remaining time is shorter than the reserved second, so the call does not wait.
        var pauses = 0
        _ = try? Timeline.read(request, in: &context) { _ in pauses += 1 }
        #expect(pauses == 0)
    }
}

extension RunWorld {
    /// The position after the run's last event.
    fileprivate func last(in context: inout Context) throws -> Cursor {
        try Timeline.read(request(after: nil, waiting: 0), in: &context).nextCursor
    }

    /// How many sessions the functions' role has.
    fileprivate func connections() throws -> Int {
        try database.value(
            """
            SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND usename = 'nofx_test_app'
            """
        )
    }

    fileprivate func request(after cursor: Cursor?, waiting seconds: Int) throws -> Timeline.Request {
        let members = String(input(#""waitSeconds":\#(seconds)"#).dropFirst().dropLast())
        return try Timeline.Request(
            input: JSONDocument(parsing: Array(FunctionTests.input(members, cursor).utf8)).root
        )
    }
}
