import Base
import Core
import Postgres
import TestSupport
import Testing
import PostgresQueue

@Suite struct PostgresQueueTests {
    // Cases: queue 4, 10, 11, 12
    @Test(arguments: QueueConformance.allCases)
    func `a queue in Postgres fulfils the queue contract`(_ check: QueueConformance) throws {
        let database = try TestDatabase()
        try database.stopClock()
        try check.check(
            QueueUnderTest(
                open: {
                    var queue = PostgresQueue(Database(at: try ConnectionString(database.ownerURL)), log: .silent)
                    queue.answerLimit = .seconds(120)
                    return queue
                },
                pass: { try database.pass($0) }
            )
        )
    }
}

extension TestDatabase {
    /// Replaces the clock of the queue's SQL functions by one that stands still: a schema with its own `now()` comes
    /// first in their search path.
    fileprivate func stopClock() throws {
        var connection = try connect()
        _ = try connection.transact(
            [
                "CREATE SCHEMA test_clock",
                "CREATE TABLE test_clock.clock AS SELECT now() AS at",
                """
                CREATE FUNCTION test_clock.now() RETURNS timestamptz LANGUAGE sql STABLE
                AS 'SELECT c.at FROM test_clock.clock c'
                """,
                """
                DO $$
                DECLARE
                    v_function regprocedure;
                BEGIN
                    FOR v_function IN
                        SELECT p.oid::regprocedure FROM pg_proc p
                        WHERE p.pronamespace = 'nofx'::regnamespace
                          AND p.proname IN ('claim_jobs', 'heartbeat_jobs', 'finish_jobs', 'cancel_job', 'begin_steps',
                                            'finish_steps', 'rescue_jobs', 'promote_jobs', 'dead_letters_of', 'enqueue_jobs',
                                            'queue_counts', 'redrive_jobs')
                    LOOP
                        EXECUTE format('ALTER FUNCTION %s SET search_path = test_clock, pg_catalog, pg_temp',
                                       v_function);
                    END LOOP;
                END $$
                """,
                """
                ALTER TABLE nofx.queue
                    ALTER run_at SET DEFAULT test_clock.now(), ALTER enqueued_at SET DEFAULT test_clock.now()
                """,
            ],
            deadline: .test
        )
    }

    /// Advances the clock.
    fileprivate func pass(_ duration: Duration) throws {
        try rows("UPDATE test_clock.clock SET at = at + \(duration)")
    }
}
