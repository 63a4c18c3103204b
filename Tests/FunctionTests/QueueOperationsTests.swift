import Base
import FunctionRuntime
import Postgres
import TestSupport
import Testing

@testable import Core
@testable import Teams
@testable import Operations
@testable import nofx

/// The operators' view of the queue, and the redrive of dead letters.
@Suite struct QueueOperationsTests {
    private let operating = Caller.stranger(isOperator: true)

    @Test func `a caller who is not an operator sees and changes nothing`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        try database.giveUp(1, of: team, by: owner)
        let key = try database.keyHolder(for: owner, .ofMembers)
        let answers: [(Caller?, String)] = [
            (owner, "403 forbidden"), (key, "403 insufficient_scope"), (nil, "401 unauthenticated"),
        ]
        for (caller, refusal) in answers {
            #expect(database.refusal(of: QueueStats.self, "{}", as: caller) == refusal)
            #expect(database.refusal(of: ListDeadLetters.self, team.reference, as: caller) == refusal)
            #expect(database.refusal(of: RedriveDeadLetters.self, "{}", as: caller) == refusal)
        }
        #expect(try database.value("SELECT count(*) FROM nofx.dead_letters") == 1)
        #expect(try database.operatorActions().isEmpty)
    }

    @Test func `every topic is reported with its counts and ages`() throws {
        let database = try TestDatabase()
        #expect(try database.stats()["topics"]?.count == 0)
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        try database.giveUp(3, of: team, by: owner)
        try database.rows(
            """
            INSERT INTO nofx.queue (id, topic, state, run_at, enqueued_at, lease_until, payload)
            SELECT gen_random_uuid(), 'mail', s.state, now() + s.due, now() - interval '1 day 30 s',
                   CASE WHEN s.state = 'running' THEN now() END, '{}'
            FROM (VALUES ('available', interval '-3600 s'), ('available', '-10 s'), ('scheduled', '1 day'),
                         ('running', '-2 days')) s (state, due)
            """
        )
        let topics = try #require(try database.stats()["topics"]).elements.map { $0 }
        #expect(topics.map { $0["topic"]?.string } == ["mail", "test.echo"])
        let names = ["ready", "delayed", "leased", "dead"]
        #expect(names.map { topics[0][$0]?.integer } == [2, 1, 1, 0])
        #expect(names.map { topics[1][$0]?.integer } == [0, 0, 0, 3])
        // A slow test only increases the ages.
        #expect((3_600..<80_000).contains(topics[0]["longestWaitSeconds"]?.integer ?? 0))
        #expect((86_430..<170_000).contains(topics[0]["oldestAgeSeconds"]?.integer ?? 0))
        #expect(topics[1]["longestWaitSeconds"]?.isNull == true)
        #expect(topics[1]["oldestAgeSeconds"]?.isNull == true)
    }

    @Test func `Prometheus's own parser reads the queue metrics`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        try database.giveUp(3, of: try database.team(of: owner), by: owner)
        let families = try MetricFamily.parse(try database.call(QueueStats.self, "{}", as: operating).text)
        #expect(
            families.map(\.name) == [
                "nofx_queue_jobs", "nofx_queue_longest_wait_seconds", "nofx_queue_oldest_age_seconds",
                "nofx_queue_rows",
            ]
        )
        #expect(families.allSatisfy { $0.type == "gauge" && !$0.help.isEmpty })
        let dead = families[0].samples.first { $0.labels == ["topic": "test.echo", "state": "dead"] }
        #expect(dead?.value == 3)
        #expect(families[0].samples.count == 4)
        #expect(families[3].samples.count == 2)
    }

    // Cases: queue 58
    @Test func `dead letters are paged newest first`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        for number in 0..<5 { try database.giveUp(2, code: "e\(number)", of: team, by: owner) }
        let pages: [[DeadLetterItem]] = try database.pages(ListDeadLetters.self, #""limit":3"#, as: operating)
        #expect(pages.map(\.count) == [3, 3, 3, 1])
        #expect(pages.joined().map(\.error.code) == ["e4", "e4", "e3", "e3", "e2", "e2", "e1", "e1", "e0", "e0"])
        #expect(Set(pages.joined().map(\.id)).count == 10)
        let first = try #require(pages.first?.first)
        #expect(first.team == team.id.uuid)
        #expect(first.step?.hasPrefix("s") == true)
        #expect((first.topic, first.tool, first.attempts) == ("test.echo", "test:echo", 1))
        #expect(first.error.message == "It broke.")
    }

    // Cases: queue 58
    @Test func `dead letters can be filtered`() throws {
        let database = try TestDatabase()
        let (owner, other) = (Caller.stranger(), Caller.stranger())
        let (mine, theirs) = (try database.team(of: owner), try database.team(of: other))
        try database.giveUp(2, code: "http_status", tool: "http:request", of: mine, by: owner)
        try database.giveUp(3, code: "lease_expired", of: mine, by: owner)
        try database.giveUp(4, code: "lease_expired", of: theirs, by: other)
        let wants = [
            ("", 9), (#""topic":"http.request""#, 2), (#""tool":"http:request""#, 2), (#""tool":"x:y""#, 0),
            (#""code":"lease_expired""#, 7), (#""teamId":"\#(theirs.id)""#, 4),
            (#""code":"lease_expired","teamId":"\#(mine.id)","tool":"test:echo""#, 3),
        ]
        for (members, count) in wants {
            #expect(try database.call(ListDeadLetters.self, "{\(members)}", as: operating).items.count == count)
        }
        let page = try database.call(ListDeadLetters.self, #"{"limit":1,"code":"lease_expired"}"#, as: operating)
        let elsewhere = input(#""limit":1,"code":"http_status""#, page.nextCursor)
        #expect(database.refusal(of: ListDeadLetters.self, elsewhere, as: operating) == "422 invalid_cursor")
    }

    // Cases: queue 59
    @Test func `fifty of 120 dead letters are redriven, and the operator's action is recorded`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let run = try database.giveUp(120, of: try database.team(of: owner), by: owner)
        for left in [70, 20] {
            #expect(try database.call(RedriveDeadLetters.self, #"{"limit":50}"#, as: operating).count == 50)
            #expect(try database.value("SELECT count(*) FROM nofx.dead_letters") == left)
        }
        #expect(
            try database.operatorActions()
                == Array(repeating: "queue.redrive * \(operating.user) session", count: 2)
        )
        #expect(
            try database.value("SELECT sum((after ->> 'redriven')::bigint)::bigint FROM nofx.operator_actions") == 100
        )
        #expect(
            try database.value(
                """
                SELECT count(*) FROM nofx.events
                WHERE run_id = \(run) AND type = 'step.retried' AND data ->> 'by' = \(operating.user.description)
                """
            ) == 100
        )
        #expect(try database.value("SELECT status FROM nofx.runs WHERE id = \(run)") == "running")
        #expect(try database.call(RedriveDeadLetters.self, "{}", as: operating).count == 20)
        #expect(try database.call(RedriveDeadLetters.self, "{}", as: operating).count == 0)
        #expect(try database.operatorActions().count == 3)
    }

    @Test func `what is listed with a filter goes back with the same filter`() throws {
        let database = try TestDatabase()
        let (owner, other) = (Caller.stranger(), Caller.stranger())
        let (mine, theirs) = (try database.team(of: owner), try database.team(of: other))
        try database.giveUp(2, code: "http_status", tool: "http:request", of: mine, by: owner)
        try database.giveUp(3, code: "lease_expired", of: mine, by: owner)
        try database.giveUp(4, code: "lease_expired", of: theirs, by: other)
        let filters = [
            #""topic":"http.request""#, #""tool":"x:y""#, #""code":"lease_expired","teamId":"\#(mine.id)""#,
            #""teamId":"\#(theirs.id)","topic":"test.echo""#,
        ]
        for (filter, count) in zip(filters, [2, 0, 3, 4]) {
            #expect(try database.call(ListDeadLetters.self, "{\(filter)}", as: operating).items.count == count)
            #expect(try database.call(RedriveDeadLetters.self, "{\(filter)}", as: operating).count == count)
            #expect(try database.call(ListDeadLetters.self, "{\(filter)}", as: operating).items.isEmpty)
        }
    }

    @Test func `dead letters that are named go back alone`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        try database.giveUp(5, of: try database.team(of: owner), by: owner)
        let ids = try database.call(ListDeadLetters.self, "{}", as: operating).items.prefix(2).map { "\"\($0.id)\"" }
        let input = #"{"ids":[\#(ids.joined(separator: ","))]}"#
        #expect(try database.call(RedriveDeadLetters.self, input, as: operating).count == 2)
        #expect(try database.call(RedriveDeadLetters.self, input, as: operating).count == 0)
        #expect(try database.value("SELECT count(*) FROM nofx.dead_letters") == 3)
        #expect(try database.operatorActions() == ["queue.redrive 2 ids \(operating.user) session"])
        for input in [#"{"ids":[]}"#, #"{"ids":["x"]}"#, #"{"ids":"all"}"#, #"{"teamId":"x"}"#] {
            let refusal = database.refusal(of: RedriveDeadLetters.self, input, as: operating)
            #expect(refusal == "422 validation_failed")
        }
    }

    @Test func `those of one tool go back alone`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        try database.giveUp(2, tool: "http:request", of: team, by: owner)
        try database.giveUp(3, of: team, by: owner)
        #expect(try database.call(RedriveDeadLetters.self, #"{"tool":"http:request"}"#, as: operating).count == 2)
        #expect(try database.value("SELECT array_agg(DISTINCT topic) FROM nofx.queue") == ["http.request"])
        for input in [#"{"limit":0}"#, #"{"limit":501}"#, #"{"tool":""}"#, #"{"topic":"a"}"#] {
            let refusal = database.refusal(of: RedriveDeadLetters.self, input, as: operating)
            #expect(refusal == "422 validation_failed")
        }
    }
}

extension TestDatabase {
    fileprivate func stats() throws -> JSONValue {
        let report = try call(QueueStats.self, "{}", as: .stranger(isOperator: true))
        return try JSONDocument(parsing: report.jsonBytes).root
    }

    /// Makes steps of a new run fail permanently.
    ///
    /// - Returns: The run.
    @discardableResult
    fileprivate func giveUp(
        _ count: Int32,
        code: String = "no",
        tool: String = "test:echo",
        of team: Team,
        by owner: Caller
    ) throws -> UUID {
        let run = UUID.v7()
        let topic = tool.replacing(":", with: ".")
        let error = #"{"code":"\#(code)","message":"It broke."}"#
        var connection = try connect()
        _ = try connection.transact(
            [
                "SELECT set_config('nofx.user_id', \(owner.user.description), true)",
                .startRun(
                    run,
                    (1...count).map { TestStep("s\($0)", tool, attempts: 1) },
                    of: team.id.uuid,
                    teamLimit: 100_000
                ),
                """
                SELECT nofx.finish_steps(j.ids, j.fences, array_fill('failed'::text, j.n), array_fill(NULL::text, j.n),
                                         array_fill(\(error), j.n), array_fill(interval '0', j.n), '{}', '{}', '{}', '{}', '{}')
                FROM (
                    SELECT array_agg(id) AS ids, array_agg(fence) AS fences, ARRAY[count(*)::integer] AS n
                    FROM nofx.claim_jobs(\(topic), \(count), '1 minute', NULL, NULL, NULL)
                ) j
                """,
            ],
            deadline: .test
        )
        return run
    }
}
