import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import Notifications

/// The events of runs as webhook messages in the queue.
@Suite struct WebhookQueueTests {
    private let database: TestDatabase
    private let owner = Caller.stranger()
    private let team: Team
    private let run = UUID.v7()

    init() throws {
        database = try TestDatabase()
        team = try database.team(of: owner)
        try database.rows(
            """
            INSERT INTO nofx.runs (team_id, id, goal, status, steps_total, steps_open, steps_queued, created_by)
            VALUES (\(team.id), \(run), 'Ship it', 'running', 1, 1, 1, \(owner.user))
            """
        )
        try database.rows(
            """
            INSERT INTO nofx.steps (team_id, run_id, no, name, tool, topic, is_gate, status, inputs, deps, dependents,
                                    deps_left, continues, priority, max_attempts, timeout_s, retry_base_s, retry_cap_s,
                                    delay_s)
            VALUES (\(team.id), \(run), 0, 'Draft "it"', 'test:echo', 'test.echo', false, 'queued', '{}', '{}', '{}', 0,
                    false, 0, 3, 60, 2, 300, 0)
            """
        )
    }

    /// Makes events happen to the first step, or to a run without steps.
    private func happen(_ types: [String], step: Int? = 0, data: String? = nil) throws {
        try database.rows(
            """
            SELECT nofx.add_events(\(team.id), \(run), array_fill(\(step)::integer, ARRAY[cardinality(\(types))]),
                                   \(types), array_fill(\(data)::json, ARRAY[cardinality(\(types))]))
            """
        )
    }

    /// The queued messages of a webhook, in the order of the timeline.
    private func messages(to webhook: NewWebhook) throws -> [String] {
        try database.value(
            """
            SELECT coalesce(array_agg(payload ->> 'type' ORDER BY (payload #>> '{data,seq}')::integer), '{}')
            FROM nofx.queue WHERE tenant_id = \(webhook.id) AND topic = 'webhook'
            """
        )
    }

    @Test func `each webhook of the team gets only the events that it subscribed to`() throws {
        let other = try database.team(of: owner)
        let standard = try database.webhook(of: team, by: owner)
        let steps = try database.webhook(of: team, by: owner, events: #"["step.started","run.failed"]"#)
        let stranger = try database.webhook(of: other, by: owner, events: #"["step.started","run.failed"]"#)
        try happen(["step.started", "step.failed"])
        try happen(["run.failed"], step: nil)

        #expect(try messages(to: standard) == ["run.failed"])
        #expect(try messages(to: steps) == ["step.started", "run.failed"])
        #expect(try messages(to: stranger) == [])
    }

    @Test func `a message has all fields of the timeline's event`() throws {
        _ = try database.webhook(of: team, by: owner, events: #"["step.failed","run.failed"]"#)
        try happen(["step.queued", "step.failed"], data: #"{"attempt":2,"error":{"code":"x"}}"#)
        try happen(["run.failed"], step: nil)
        let rows = try database.rows(
            "SELECT payload::text, (SELECT max(at) FROM nofx.events) AS at FROM nofx.queue ORDER BY payload ->> 'type'"
        )
        let (ended, failed) = (
            try JSONDocument(parsing: Array((try rows[0][0] as String).utf8)).root,
            try JSONDocument(parsing: Array((try rows[1][0] as String).utf8)).root
        )
        #expect(rows.count == 2 && ended["type"]?.string == "run.failed" && failed["type"]?.string == "step.failed")
        #expect(ended["timestamp"]?.string == (try rows[0]["at"] as Timestamp).description)
        #expect(ended["data"]?["teamId"]?.string == team.id.description)
        #expect(ended["data"]?["runId"]?.string == run.description)
        #expect(ended["data"]?["seq"]?.integer == 3 && failed["data"]?["seq"]?.integer == 2)
        #expect(ended["data"]?["step"]?.isNull == true && failed["data"]?["step"]?.string == #"Draft "it""#)
        #expect(ended["data"]?["data"]?.isNull == true)
        #expect(failed["data"]?["data"]?["attempt"]?.integer == 2)
        #expect(failed["data"]?["data"]?["error"]?["code"]?.string == "x")
    }

    @Test func `an event that was rolled back gives no message, and a committed one gives one message`() throws {
        let webhook = try database.webhook(of: team, by: owner)
        var connection = try database.connect()
        #expect(throws: PostgresError.self) {
            try connection.transact(
                [
                    "SELECT nofx.add_events(\(team.id), \(run), '{NULL}', '{run.failed}', '{NULL}')",
                    "SELECT 1 / (SELECT count(*) FROM nofx.queue WHERE topic <> 'webhook')",
                ],
                deadline: .test
            )
        }
        #expect(try messages(to: webhook) == [])
        try happen(["run.failed"], step: nil)
        let first: UUID = try database.value("SELECT id FROM nofx.queue")
        // The same position in the timeline, as if the event were queued again.
        try database.rows("DELETE FROM nofx.events")
        try database.rows("UPDATE nofx.runs SET event_seq = 0")
        try happen(["run.failed"], step: nil)
        #expect(try messages(to: webhook) == ["run.failed"])
        #expect(try database.value("SELECT id FROM nofx.queue") == first)
    }

    @Test func `a disabled webhook gets no messages`() throws {
        let webhook = try database.webhook(of: team, by: owner)
        try database.rows("UPDATE nofx.webhooks SET disabled_at = now()")
        try happen(["run.failed"], step: nil)
        #expect(try messages(to: webhook) == [])
    }

    @Test func `a delivered message's text is deleted, and a dead letter keeps it for a redrive`() throws {
        let webhook = try database.webhook(of: team, by: owner)
        try happen(["run.failed", "run.succeeded"], step: nil)
        let texts: [String] = try database.value("SELECT array_agg(payload::text) FROM nofx.queue")
        for outcome in ["completed", "dead_lettered"] {
            try database.rows(
                """
                SELECT nofx.finish_jobs(ARRAY[c.id], ARRAY[c.fence], ARRAY[\(outcome)], '{no}', '{0}', '{0}')
                FROM nofx.claim_jobs('webhook', 1, '1 minute', NULL, NULL, \(webhook.id)) c
                """
            )
        }
        #expect(try messages(to: webhook) == [])
        let letters: [String] = try database.value("SELECT array_agg(payload::text) FROM nofx.dead_letters")
        #expect(texts.count == 2 && letters.count == 1 && texts.contains(letters[0]))
        #expect(try database.value("SELECT nofx.redrive_jobs('webhook', NULL, 10, NULL)") == 1)
        #expect(try database.value("SELECT payload::text FROM nofx.queue") == letters[0])
    }

    @Test func `the functions' role cannot insert messages`() throws {
        let webhook = try database.webhook(of: team, by: owner)
        let error = #expect(throws: PostgresError.self) {
            try database.asFunction(
                for: owner,
                """
                INSERT INTO nofx.queue (id, topic, tenant_id, payload)
                VALUES (gen_random_uuid(), 'webhook', \(webhook.id), '{}')
                """
            )
        }
        #expect(error?.state == .insufficientPrivilege)
    }
}
