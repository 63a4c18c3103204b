import Base
import Postgres
import TestSupport
import Testing

/// The server's query plans, with and without table statistics.
@Suite struct QueuePlanTests {
    /// A queue with the jobs of many teams, without table statistics.
    private func crowded(_ count: Int32, state: String = "available") throws -> RunFixture {
        let fixture = try RunFixture()
        try fixture.database.rows("ALTER TABLE nofx.queue SET (autovacuum_enabled = false)")
        try fixture.database.rows(
            """
            INSERT INTO nofx.queue (id, topic, tenant_id, state, lease_until, payload)
            SELECT md5(i::text)::uuid, 'busy', md5((i % 100)::text)::uuid, \(state),
                   CASE WHEN \(state) = 'running' THEN now() + interval '1 hour' END, '{}'
            FROM generate_series(1, \(count)) i
            """
        )
        return fixture
    }

    // Cases: queue 8
    @Test(arguments: [true, false])
    func `a claim reads only the rows that it takes`(isCounted: Bool) throws {
        let fixture = try crowded(100_000)
        if isCounted { try fixture.database.rows("ANALYZE nofx.queue") }
        var client = try fixture.client()
        let rows = try client.connection.transact(
            [
                "SELECT count(*) FROM nofx.claim_jobs('busy', 50, '1 minute', NULL, NULL, NULL)",
                """
                SELECT pg_stat_get_xact_tuples_returned(c.oid) AS read, pg_stat_get_xact_numscans(c.oid) AS scans
                FROM pg_class c WHERE c.oid = 'nofx.queue'::regclass
                """,
                """
                SELECT coalesce(sum(pg_stat_get_xact_tuples_returned(i.indexrelid)), 0)::bigint
                FROM pg_index i WHERE i.indrelid = 'nofx.queue'::regclass
                """,
            ],
            deadline: .test
        )
        #expect(try rows[0].value(as: Int.self) == 50)
        // A sequential scan would read 100,000 rows, and so would a sort.
        #expect(try rows[1][0]["read"] as Int == 0)
        #expect(try rows[1][0]["scans"] as Int == 0)
        #expect(try rows[2].value(as: Int.self) < 1_000)
    }

    // Cases: queue 30
    @Test func `heartbeats update no index`() throws {
        let fixture = try crowded(1_000, state: "running")
        var vacuuming = try fixture.client()
        // The fill factor leaves room for the versions of each row. Whether VACUUM can remove old versions depends on
        // all other sessions, the server's own included. VACUUM does not run in a transaction.
        try vacuuming.rows("ALTER TABLE nofx.queue SET (fillfactor = 10)")
        _ = try vacuuming.connection.pipeline(["VACUUM FULL nofx.queue"], deadline: .test)[0].get()
        var (updated, hot) = (0, 0)
        // The heartbeats of ten workers, in sequence.
        for round in 0..<40 {
            // A session's counters are private until it reports them.
            var client = try fixture.client()
            let rows = try client.connection.transact(
                [
                    """
                    SELECT count(*)
                    FROM (
                        SELECT array_agg(id) AS ids, array_agg(fence) AS fences
                        FROM (SELECT id, fence FROM nofx.queue ORDER BY id LIMIT 100 OFFSET \(round % 10 * 100)) q
                    ) q, LATERAL nofx.heartbeat_jobs(q.ids, q.fences, '1 minute')
                    """,
                    """
                    SELECT pg_stat_get_xact_tuples_updated('nofx.queue'::regclass) AS updated,
                           pg_stat_get_xact_tuples_hot_updated('nofx.queue'::regclass) AS hot
                    """,
                ],
                deadline: .test
            )
            #expect(try rows[0].value(as: Int.self) == 100)
            updated += try rows[1][0]["updated"]
            hot += try rows[1][0]["hot"]
        }
        #expect(updated == 4_000)
        #expect(hot >= 3_200)
    }
}
