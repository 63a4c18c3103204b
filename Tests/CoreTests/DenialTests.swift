import Base
import Core
import Postgres
import TestSupport
import Testing

@Suite struct DenialTests {
    private enum Team {}

    private let team = ID<Team>.make()
    private let denial: Denial
    private let updating = Action("team.update", needs: .write, refusal: "Insufficient permissions to update team")
    private let reading = Action("team.get", needs: .read, refusal: "Insufficient permissions to read team")
    private let deleting = Action("team.delete", needs: .delete, refusal: "Only team owners")

    init() {
        denial = .missing(updating, team: team, role: .viewer)
    }

    @Test func `a denial has the attempted action and the reason`() {
        let stranger = Denial.notMember(reading, team: team)
        #expect(stranger.reason == .notMember)
        #expect((stranger.problem.status, stranger.problem.code) == (404, "team_not_found"))
        #expect((denial.problem.status, denial.problem.code) == (403, "forbidden"))
        #expect(denial.problem.members == ["requiredPermission": "write"])
        let admin = Denial.notOwner(deleting, team: team, role: .admin)
        #expect(admin.reason == .notOwner)
        #expect((admin.problem.status, admin.problem.code) == (403, "owner_only"))
    }

    @Test func `a denial is logged in one line`() throws {
        let database = try TestDatabase()
        let (caller, lines) = (Caller.stranger(), LogLines())
        let context = try database.context(for: caller, log: lines.log)
        context.warn(of: denial)
        #expect(lines.all.count == 1)
        let line = try JSONDocument(parsing: Array((lines.all.first ?? "").utf8)).root
        #expect(line["level"]?.string == "warning")
        #expect(line["message"]?.string == "authz.denied")
        #expect(line["teamId"]?.string == team.description)
        #expect(line["userId"]?.string == caller.user.description)
        #expect(line["action"]?.string == "team.update")
        #expect(line["reason"]?.string == "missing_permission")
        #expect(line["required"]?.string == "write")
        #expect(line["role"]?.string == "viewer")
        #expect(line["credential"]?.string == "session")
        #expect(line["ip"]?.string == "192.0.2.1")
    }

    @Test func `a denial is recorded with user, action and origin`() throws {
        let database = try TestDatabase()
        let caller = Caller.stranger()
        var context = try database.context(for: caller)
        try database.rows(
            """
            WITH owner AS (
                INSERT INTO nofx.users (id, issuer, subject) VALUES (gen_random_uuid(), 'i', 's') RETURNING id
            ), team AS (
                INSERT INTO nofx.teams (id, name, slug, owner_id) SELECT \(team), 'Acme', 'acme', id FROM owner
            )
            INSERT INTO nofx.team_members (team_id, user_id, role) SELECT \(team), id, 'owner' FROM owner
            """
        )
        context.record(denial)
        let rows = try database.rows("SELECT * FROM nofx.security_events")
        #expect(rows.count == 1)
        let row = try #require(rows.first)
        #expect(try row["user_id"] == caller.user.description)
        #expect(try row["team_id"] == team.description)
        #expect(try row["action"] == "team.update")
        #expect(try row["reason"] == "missing_permission")
        #expect(try row["hits"] == 1)
        #expect(try row["request_id"] == context.origin.requestID)
        #expect(try row["ip"] == "192.0.2.1")
        #expect(try row["credential"] == "session")
    }

    // Cases: teams 128
    @Test func `repeated equal denials share one row per minute`() throws {
        let database = try TestDatabase()
        let (caller, lines) = (Caller.stranger(), LogLines())
        var context = try database.context(for: caller, log: lines.log)
        for _ in 0..<1_000 {
            context.warn(of: denial)
            context.record(denial)
        }
        #expect(lines.containing("authz.denied").count == 1_000)
        let lost = lines.containing("security_event.lost").count
        let rows = try database.rows(
            """
            SELECT sum(hits)::int8 AS hits, count(*) AS rows, count(DISTINCT bucket) AS minutes
            FROM nofx.security_events
            """
        )
        let row = try #require(rows.first)
        // One whose answer came too late may be recorded although it counts as lost.
        let hits: Int = try row["hits"]
        #expect((1_000 - lost...1_000).contains(hits))
        #expect(try row["rows"] as Int == (try row["minutes"]))
    }

    // Cases: teams 128
    @Test func `concurrent denials in many processes add up`() throws {
        let database = try TestDatabase()
        let (caller, lines) = (Caller.stranger(), LogLines())
        let (denial, log) = (denial, lines.log)
        let threads = (0..<8).map { _ in
            TestThread { () -> Bool in
                guard var context = try? database.context(for: caller, log: log) else { return false }
                for _ in 0..<25 { context.record(denial) }
                return true
            }
        }
        #expect(threads.allSatisfy { $0.join() })
        let hits: Int = try database.value("SELECT coalesce(sum(hits), 0)::int8 FROM nofx.security_events")
        #expect((200 - lines.containing("security_event.lost").count...200).contains(hits))
        #expect(hits > 0)
    }

    @Test func `denials that differ are different rows`() throws {
        let database = try TestDatabase()
        var context = try database.context(for: .stranger())
        context.record(denial)
        context.record(.notMember(updating, team: team))
        context.record(.notMember(reading, team: team))
        var other = try database.context(for: .stranger())
        other.record(denial)
        #expect(try database.value("SELECT count(*) FROM nofx.security_events") == 4)
    }

    @Test func `denials for unknown teams are counted together`() throws {
        let database = try TestDatabase()
        var context = try database.context(for: .stranger())
        for _ in 0..<10 { context.record(.notMember(reading, team: ID<Team>.make())) }
        let row = try #require(
            try database.rows(
                "SELECT sum(hits)::int8, count(DISTINCT bucket), count(*), max(team_id) FROM nofx.security_events"
            ).first
        )
        #expect(try row[0] == 10)
        #expect(try row[1] as Int == (try row[2]))
        #expect(try row[3] == "")
    }

    @Test func `hostile text in a denial is truncated and escaped`() throws {
        let database = try TestDatabase()
        let lines = LogLines()
        let hostile = "'; DROP TABLE nofx.security_events; --\n\u{1F680}" + String(repeating: "x", count: 500)
        var context = Context(
            origin: Origin(requestID: hostile, ip: hostile, userAgent: hostile),
            deadline: .test,
            log: lines.log,
            database: Database(at: try ConnectionString(database.url))
        )
        context.warn(of: denial)
        #expect(lines.all.count == 1)
        #expect(lines.all.first?.utf8.count { $0 == UInt8(ascii: "\n") } == 1)
        // On a busy machine the database may take longer than a call waits for it.
        var recorded = 0
        while recorded == 0 {
            context.record(denial)
            recorded = try database.value("SELECT count(*) FROM nofx.security_events")
        }
        let expected = String(String.UnicodeScalarView(hostile.unicodeScalars.prefix(64)))
        #expect(try database.value("SELECT request_id FROM nofx.security_events") == expected)
        // An unauthenticated denial must be recorded too.
        #expect(try database.value("SELECT user_id FROM nofx.security_events") == "")
    }

    @Test func `a denial that cannot be recorded is logged, and the call continues`() throws {
        let database = try TestDatabase()
        let lines = LogLines()
        var context = try database.context(for: .stranger(), log: lines.log)
        var holder = try database.connect()
        try holder.transaction(deadline: .test) { transaction in
            try transaction.run("LOCK TABLE nofx.security_events IN ACCESS EXCLUSIVE MODE")
            context.record(denial)
        }
        #expect(lines.containing("security_event.lost").count == 1)
        try database.rows("DROP TABLE nofx.security_events")
        context.record(denial)
        let lost = lines.containing("security_event.lost")
        #expect(lost.count == 2)
        #expect(lost.allSatisfy { $0.contains(team.description) })
    }
}
