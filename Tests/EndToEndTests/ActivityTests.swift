import Base
import Postgres
import TestSupport
import Testing

/// The audit trail is best effort and never blocks a call.
struct ActivityTests {
    private let input = #"{"name":"Acme"}"#

    // Cases: teams 6
    @Test func `a locked activity table does not block the creation of a team, and the record is logged`() throws {
        let database = try TestDatabase()
        var connection = try database.connect()
        try connection.transaction(deadline: .test) { transaction in
            try transaction.run("LOCK TABLE nofx.team_activity IN ACCESS EXCLUSIVE MODE")
            try expectLost(database.function("createTeam", as: Tokens.subject).run(input))
            // The locks of the first call are released by the time of the second one.
            try expectLost(database.function("createTeam", as: Tokens.subject).run(input))
        }

        #expect(try database.value("SELECT count(*) FROM nofx.teams", as: Int.self) == 2)
        #expect(try database.value("SELECT count(*) FROM nofx.team_members WHERE role = 'owner'", as: Int.self) == 2)
        #expect(try database.value("SELECT count(*) FROM nofx.team_activity", as: Int.self) == 0)
    }

    // Cases: teams 7
    @Test func `a missing activity table does not block the creation of a team`() throws {
        let database = try TestDatabase()
        try database.rows("DROP TABLE nofx.team_activity")

        try expectLost(database.function("createTeam", as: Tokens.subject).run(input))
        #expect(try database.value("SELECT count(*) FROM nofx.teams", as: Int.self) == 1)
    }

    // Cases: teams 126
    @Test func `a lost record is logged completely, in one line`() throws {
        let database = try TestDatabase()
        try database.rows("DROP TABLE nofx.team_activity")
        let agent = "evil\r\n{\"level\":\"error\",\"message\":\"forged\"}\u{2028}\u{1B}[31m"
        let headers = ["authorization": "Bearer \(Tokens.signed())", "user-agent": agent]
        let outcome = try database.function("createTeam").run(Events.v2(input, headers: headers))
        let lines = try outcome.log("activity.lost")

        #expect(outcome.errors.split(separator: "\n").filter { $0.contains("forged") }.count == 1)
        #expect(lines.count == 1)
        #expect(lines.first?["origin"]?["userAgent"]?.string == agent)
        #expect(lines.first?["origin"]?["ip"]?.string == "192.0.2.7")
        #expect(lines.first?["metadata"]?["name"]?.string == "Acme")
        #expect(try outcome.log("forged").isEmpty)
    }

    // Cases: teams 122
    @Test func `every change leaves one record with actor, action and request`() throws {
        let database = try TestDatabase()
        let team = try database.makeTeam(as: Tokens.subject)
        for (name, more) in [("updateTeam", #","name":"New""#), ("deleteTeam", ""), ("restoreTeam", "")] {
            let outcome = try database.function(name, as: Tokens.subject).run(#"{"teamId":"\#(team)"\#(more)}"#)
            #expect(outcome.status == 0, "\(outcome)")
        }
        let rows = try database.rows(
            "SELECT action, actor_id::text, team_id::text, request_id FROM nofx.team_activity ORDER BY id"
        )

        #expect(
            try (0..<rows.count).map { try rows[$0]["action"] as String } == [
                "team.created", "team.updated", "team.deleted", "team.restored",
            ]
        )
        for index in 0..<rows.count {
            #expect(try rows[index]["actor_id"] as String == Tokens.subject)
            #expect(try rows[index]["team_id"] as String == team)
            #expect(try UUID(rows[index]["request_id"] as String) != nil)
        }
    }

    private func expectLost(
        _ outcome: Subprocess.Outcome,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        #expect(outcome.status == 0, "\(outcome)", sourceLocation: sourceLocation)
        let team = try outcome.json()["id"]?.string
        let lines = try outcome.log("activity.lost")
        #expect(team != nil && lines.count == 1, "\(outcome)", sourceLocation: sourceLocation)
        #expect(lines.first?["teamId"]?.string == team, sourceLocation: sourceLocation)
        #expect(lines.first?["userId"]?.string == Tokens.subject, sourceLocation: sourceLocation)
        #expect(lines.first?["action"]?.string == "team.created", sourceLocation: sourceLocation)
        #expect(lines.first?["origin"]?["requestId"]?.string != nil, sourceLocation: sourceLocation)
    }
}
