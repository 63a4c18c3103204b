import Base
import Core
import Operations
import Postgres
import System
import TestSupport
import Testing

@testable import Operations
@testable import Teams
@testable import nofx

/// How long activity, security events and operators' actions are kept, and where they go then.
@Suite struct TrailRetentionTests {
    private static let all: [Retention.Trail: Int] = [.activity: 7, .securityEvents: 7, .operatorActions: 7]

    /// A database with seven old records of each kind, and new ones.
    private func aged(days: Int) throws -> TestDatabase {
        let database = try TestDatabase()
        _ = try database.world("ada")
        let statements: [Query] = [
            """
            INSERT INTO nofx.team_activity (team_id, action, metadata, created_at)
            SELECT gen_random_uuid(), 'old', '{"name":"two\\nlines"}', now() - make_interval(days => \(days)::integer + n)
            FROM generate_series(0, 6) AS n
            """,
            """
            INSERT INTO nofx.security_events (bucket, user_id, team_id, action, reason)
            SELECT now() - make_interval(days => \(days)::integer + n), 'old', '', 'a', 'r'
            FROM generate_series(0, 6) AS n
            """,
            """
            INSERT INTO nofx.operator_actions (user_id, action, subject, created_at)
            SELECT gen_random_uuid(), 'old', 's', now() - make_interval(days => \(days)::integer + n)
            FROM generate_series(0, 6) AS n
            """,
        ]
        for statement in statements { try database.rows(statement) }
        return database
    }

    private func purge(
        _ database: TestDatabase,
        _ settings: Retention.Settings,
        batch: Int = 3
    ) throws
        -> Retention.Report
    {
        var context = try database.operatorContext()
        let input = try JSONDocument(parsing: Array(#"{"batch":\#(batch)}"#.utf8)).root
        return try Retention.enforce(Retention.Request(input: input), settings, in: &context)
    }

    private func count(_ database: TestDatabase) throws -> Int {
        try database.value(
            """
            SELECT (SELECT count(*) FROM nofx.team_activity) + (SELECT count(*) FROM nofx.security_events)
                 + (SELECT count(*) FROM nofx.operator_actions)
            """
        )
    }

    private func settings(_ variables: (String, String)...) throws -> Retention.Settings {
        try Retention.Settings(Environment(variables))
    }

    @Test func `records go after a year, or when an operator says, or never`() throws {
        let database = try aged(days: 365)
        let before = try count(database)
        #expect(try purge(database, settings(("NOFX_ACTIVITY_RETENTION_DAYS", "0"))).trails.isEmpty)
        #expect(
            try purge(database, settings(("NOFX_ACTIVITY_RETENTION_DAYS", "400"))).trails
                == Self.all.mapValues { _ in 0 }
        )
        #expect(try count(database) == before)
        #expect(try purge(database, settings()).trails == Self.all)
        #expect(try count(database) == before - 21)
        #expect(try purge(database, settings()).trails == Self.all.mapValues { _ in 0 })
        let younger = try aged(days: 30)
        #expect(try purge(younger, settings(("NOFX_ACTIVITY_RETENTION_DAYS", "30"))).trails == Self.all)
    }

    @Test(arguments: ["-1", "1", "29", "x", "36501"])
    func `a time that is none, or too short to find out what happened, is refused`(_ days: String) {
        #expect(throws: ConfigurationError.self) { try settings(("NOFX_ACTIVITY_RETENTION_DAYS", days)) }
    }

    @Test func `records are archived as lines of JSON before they go, each once`() throws {
        let database = try aged(days: 365)
        let old: [String] = try database.value(
            "SELECT array_agg(to_json(a)::text ORDER BY id) FROM nofx.team_activity a WHERE action = 'old'"
        )
        let folder = try folder()
        let settings = try settings(("NOFX_ARCHIVE_DIRECTORY", folder))
        let reports = try runConcurrently(4) { _, barrier in
            barrier()
            return try purge(database, settings)
        }
        #expect(reports.map { $0.trails[.activity, default: 0] }.reduce(0, +) == 7)
        let lines = try shell("cat \(folder)/activity-*.jsonl").split(separator: "\n").map(String.init)
        #expect(Set(lines) == Set(old) && lines.count == 7)
        for line in lines { _ = try JSONDocument(parsing: Array(line.utf8)) }
        for trail in ["securityEvents", "operatorActions"] {
            #expect(try shell("cat \(folder)/\(trail)-*.jsonl | wc -l") == "7\n")
        }
        #expect(try shell("stat -c %a \(folder)/*.jsonl | sort -u") == "600\n")
    }

    @Test func `where the archive cannot be written, nothing goes that would be archived`() throws {
        let database = try aged(days: 365)
        let before = try count(database)
        let nowhere = try settings(("NOFX_ARCHIVE_DIRECTORY", "/nonexistent/folder"))
        #expect(throws: ConfigurationError.self) { try purge(database, nowhere) }
        #expect(try count(database) == before)
        #expect(try purge(database, settings()).trails == Self.all)
    }

    @Test func `what has a fixed time and is no trail goes as well`() throws {
        let database = try TestDatabase()
        _ = try database.world("ada")
        try database.rows("UPDATE nofx.key_sets SET tried_at = now() - interval '91 days'")
        try database.rows("UPDATE nofx.ai_usage_daily SET day = day - 1101")
        let report = try purge(database, settings(), batch: 100)
        #expect(report.counts[.keySets] == 1 && report.counts[.usage] == 1)
    }

    private func folder() throws -> String {
        String(try shell("mktemp -d").dropLast())
    }

    private func shell(_ command: String) throws -> String {
        try Subprocess("bash", ["-c", command], environment: ["PATH": "/usr/bin:/bin"]).finish().output
    }
}
