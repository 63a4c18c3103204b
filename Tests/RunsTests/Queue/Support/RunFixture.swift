import Base
import Postgres
import TestSupport

/// A database with a team whose runs a test inspects.
struct RunFixture: Sendable {
    let database: TestDatabase
    let team = UUID.v7()
    let owner = UUID.v7()

    init(in database: TestDatabase? = nil) throws {
        self.database = try database ?? TestDatabase()
        let slug = "t-\(team)"
        try self.database.rows(
            """
            WITH u AS (
                INSERT INTO nofx.users (id, issuer, subject) VALUES (\(owner), 'i', \(owner.description))
            ), t AS (
                INSERT INTO nofx.teams (id, name, slug, owner_id) VALUES (\(team), 'Acme', \(slug), \(owner))
            )
            INSERT INTO nofx.team_members (team_id, user_id, role) VALUES (\(team), \(owner), 'owner')
            """
        )
    }

    /// A client with its own connection, for a thread.
    func client() throws -> TestClient { TestClient(fixture: self, connection: try database.connect()) }

    func status(of run: UUID) throws -> String {
        try database.value("SELECT status FROM nofx.runs WHERE id = \(run)")
    }

    /// The status of each step, in order.
    func steps(of run: UUID) throws -> [String] {
        try database.value("SELECT array_agg(status ORDER BY no) FROM nofx.steps WHERE run_id = \(run)")
    }

    /// The code of each step's error, in order; empty for none.
    func errors(of run: UUID) throws -> [String] {
        try database.value(
            "SELECT array_agg(coalesce(error ->> 'code', '') ORDER BY no) FROM nofx.steps WHERE run_id = \(run)"
        )
    }

    /// The events, each with the step's name.
    func events(of run: UUID, since seq: Int = 0) throws -> [String] {
        try database.value(
            """
            SELECT coalesce(array_agg(concat_ws(' ', e.type, s.name) ORDER BY e.seq), '{}')
            FROM nofx.events e LEFT JOIN nofx.steps s ON s.run_id = e.run_id AND s.no = e.step_no
            WHERE e.run_id = \(run) AND e.seq > \(seq)
            """
        )
    }

    func lastEvent(of run: UUID) throws -> Int {
        try database.value("SELECT event_seq FROM nofx.runs WHERE id = \(run)")
    }

    /// The number of jobs of a run.
    func jobs(of run: UUID) throws -> Int {
        try database.value("SELECT count(*) FROM nofx.queue WHERE run_id = \(run)")
    }

    /// The dead letters, oldest first.
    func deadLetters() throws -> [String] {
        try database.value(
            "SELECT coalesce(array_agg('s' || step_no || ' ' || error ORDER BY dead_lettered_at, id), '{}') FROM nofx.dead_letters"
        )
    }

    /// Expires all leases.
    func expireLeases() throws {
        try database.rows("UPDATE nofx.queue SET lease_until = now() - interval '1 second' WHERE state = 'running'")
    }

    /// Makes all delayed jobs due.
    func endDelays() throws {
        try database.rows("UPDATE nofx.queue SET run_at = now() WHERE state = 'scheduled'")
    }
}
