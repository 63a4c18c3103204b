import Base
import Core
import FunctionRuntime
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import nofx

@Suite struct ActivityTests {
    // Cases: teams 1, 61, 122
    @Test func `every change is recorded once, and reads are not recorded`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team("Acme", of: owner)
        let secret = "a value that is nobody's business"
        let input = team.changes(
            #""name":"Zenith","billingEmail":"bills@example.com","settings":{"key":"\#(secret)"}"#
        )
        try database.call(UpdateTeam.self, input, as: owner)
        try database.call(GetTeam.self, team.reference, as: owner)
        try database.call(ListTeams.self, "{}", as: owner)
        try database.call(DeleteTeam.self, team.reference, as: owner)
        try database.call(RestoreTeam.self, team.reference, as: owner)
        let activity = try database.activity(of: team.id)
        #expect(activity.map(\.action) == ["team.created", "team.updated", "team.deleted", "team.restored"])
        #expect(activity.map(\.teamName) == ["Acme", "Zenith", "Zenith", "Zenith"])
        #expect(
            activity.map(\.metadata) == [
                #"{"name": "Acme", "slug": "acme"}"#, #"{"fields": ["name", "billingEmail", "settings"]}"#,
                #"{"slug": "acme"}"#, #"{"slug": "acme"}"#,
            ]
        )
        #expect(activity.allSatisfy { $0.actor == owner.user && $0.resource == team.id.description })
        #expect(activity.allSatisfy { $0.credential == "session" && $0.ip == "192.0.2.1" && $0.userAgent == "tests" })
        #expect(Set(activity.map(\.requestID)).count == 4)
        #expect(activity.allSatisfy { $0.requestID?.hasPrefix("test-") == true })
        let all: String = try database.value("SELECT string_agg(to_jsonb(a)::text, '') FROM nofx.team_activity a")
        #expect(!all.contains(secret))
        #expect(!all.contains("bills@example.com"))
    }

    // Cases: teams 122
    @Test func `a refused change is not recorded`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let viewer = try database.member(of: team, as: .viewer)
        let changes = team.changes(#""name":"Zenith","ifVersion":9"#)
        for caller in [owner, viewer, .stranger()] {
            #expect(database.refusal(of: UpdateTeam.self, changes, as: caller) != nil)
        }
        #expect(database.refusal(of: DeleteTeam.self, team.reference, as: viewer) != nil)
        #expect(database.refusal(of: RestoreTeam.self, team.reference, as: owner) != nil)
        #expect(try database.activity(of: team.id).count == 1)
    }

    // Cases: teams 6
    @Test func `a locked audit trail does not block a change, and the lost entry is logged`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let lines = LogLines()
        var holder = try database.connect()
        let team = try holder.transaction(deadline: .test) { transaction in
            try transaction.run("LOCK TABLE nofx.team_activity IN ACCESS EXCLUSIVE MODE")
            return try database.call(CreateTeam.self, #"{"name":"Acme"}"#, as: owner, log: lines.log)
        }
        #expect(try database.call(GetTeam.self, team.reference, as: owner).name.rawValue == "Acme")
        #expect(try database.activity(of: team.id).isEmpty)
        #expect(lines.containing("activity.lost").count == 1)
        // The server's SQL state: lock_not_available, within the time limit of the recording function.
        #expect(lines.containing("55P03").count == 1)
        try expect(lines, toTellOf: "team.created", team, owner)
    }

    // Cases: teams 6
    @Test func `the wait for a locked audit trail lasts 0.1 s`() throws {
        let settings: [String] = try TestDatabase().value(
            "SELECT proconfig FROM pg_proc WHERE oid = 'nofx.log_activity'::regproc"
        )
        #expect(settings.contains("lock_timeout=100ms"))
    }

    // Cases: teams 7
    @Test func `a missing audit trail does not block a change, and the lost entry is logged`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        try database.rows("DROP TABLE nofx.team_activity")
        let lines = LogLines()
        let team = try database.call(CreateTeam.self, #"{"name":"Acme"}"#, as: owner, log: lines.log)
        try expect(lines, toTellOf: "team.created", team, owner)
        try expectLoss(of: UpdateTeam.self, team.changes(#""name":"Zenith""#), "team.updated", team, owner, database)
        try expectLoss(of: DeleteTeam.self, team.reference, "team.deleted", team, owner, database)
        try expectLoss(of: RestoreTeam.self, team.reference, "team.restored", team, owner, database)
        #expect(try database.call(GetTeam.self, team.reference, as: owner).version == 4)
    }

    @Test func `the log of a lost entry keeps quotes and backslashes of a name`() throws {
        let database = try TestDatabase()
        try database.rows("DROP TABLE nofx.team_activity")
        for name in [#"A  b"#, #"A " b"#, #"A \ b \"#, #"A \" b\\ c"#, #"\ "A" : {"b" : [1 , 2]} "# + "é"] {
            let lines = LogLines()
            try database.call(CreateTeam.self, #"{"name":\#(json(name))}"#, as: .stranger(), log: lines.log)
            let line = try JSONDocument(parsing: Array((lines.containing("activity.lost").first ?? "null").utf8)).root
            #expect(line["metadata"]?["name"]?.string == name)
        }
    }

    // Cases: teams 126
    @Test func `a user agent that resembles a log line stays one value`() throws {
        let database = try TestDatabase()
        let forged = "x\n{\"level\":\"error\",\"message\":\"forged\"}\r\u{2028}\u{1B}[31m"
        let owner = Caller.stranger()
        for isLost in [false, true] {
            if isLost { try database.rows("DROP TABLE nofx.team_activity") }
            let lines = LogLines()
            var context = Context(
                origin: Origin(requestID: "test", ip: forged, userAgent: forged),
                deadline: .test,
                log: lines.log,
                database: Database(at: try ConnectionString(database.url))
            )
            context.authenticated(as: owner)
            let team = try CreateTeam.call(#"{"name":"Acme"}"#, in: &context)
            if isLost {
                #expect(lines.containing("activity.lost").count == 1)
            } else {
                #expect(try database.activity(of: team.id).map(\.userAgent) == [forged])
            }
            for line in lines.all {
                #expect(line.utf8.count { $0 < 0x20 } == 1, "only the line's own end")
                #expect(throws: Never.self) { try JSONDocument(parsing: Array(line.utf8)) }
            }
        }
    }

    private func expectLoss<F: Function>(
        of function: F.Type,
        _ input: String,
        _ action: String,
        _ team: Team,
        _ caller: Caller,
        _ database: TestDatabase
    ) throws {
        let lines = LogLines()
        try database.call(function, input, as: caller, log: lines.log)
        try expect(lines, toTellOf: action, team, caller)
    }

    /// Checks that exactly one lost entry is logged, with all its values.
    private func expect(_ lines: LogLines, toTellOf action: String, _ team: Team, _ caller: Caller) throws {
        let lost = lines.containing("activity.lost")
        #expect(lost.count == 1)
        let line = try JSONDocument(parsing: Array((lost.first ?? "null").utf8)).root
        #expect(line["level"]?.string == "error")
        #expect(line["action"]?.string == action)
        #expect(line["teamId"]?.string == team.id.description)
        #expect(line["userId"]?.string == caller.user.description)
        #expect(line["metadata"]?.count ?? 0 > 0)
        #expect(line["origin"]?["ip"]?.string == "192.0.2.1")
        #expect(line["origin"]?["credential"]?.string == "session")
    }
}
