import Base
import Postgres
import TestSupport
import Testing

/// How the server goes about it, whatever it knows of the tables' sizes.
@Suite struct QueuePlanTests {
    /// A queue of jobs of many teams, of which the server has never counted anything.
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
    func `a claim reads the rows that it takes and no others`(isCounted: Bool) throws {
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
        // Read one after another, the table would be 100,000 rows; so would what is sorted.
        #expect(try rows[1][0]["read"] as Int == 0)
        #expect(try rows[1][0]["scans"] as Int == 0)
        #expect(try rows[2].value(as: Int.self) < 1_000)
    }

    // Cases: queue 30
    @Test func `heartbeats touch no index`() throws {
        let fixture = try crowded(1_000, state: "running")
        var vacuuming = try fixture.client()
        // Room for every version of a row beside it: whether the old ones can be taken away meanwhile is up to whoever else
        // looks at the database, the server's own workers among them. In a transaction it is refused.
        try vacuuming.rows("ALTER TABLE nofx.queue SET (fillfactor = 10)")
        _ = try vacuuming.connection.pipeline(["VACUUM FULL nofx.queue"], deadline: .test)[0].get()
        var (updated, hot) = (0, 0)
        // As ten workers do it, one after the other.
        for round in 0..<40 {
            // What a session counts is its own, until it tells.
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
