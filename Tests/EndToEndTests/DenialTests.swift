import Base
import Postgres
import TestSupport
import Testing

/// A refused call gets one sentence, and the log says who made it.
struct DenialTests {
    private struct Scene {
        let database: TestDatabase
        let team: String
        let owner = TestDatabase.newSubject()
        let admin = TestDatabase.newSubject()
        let viewer = TestDatabase.newSubject()
        let stranger = TestDatabase.newSubject()

        init() throws {
            database = try TestDatabase()
            team = try database.makeTeam(as: owner)
            try database.add(admin, to: team, as: "admin")
            try database.add(viewer, to: team, as: "viewer")
        }

        func call(_ name: String, as subject: String, _ more: String = "") throws -> Subprocess.Outcome {
            try database.function(name, as: subject, environment: ["LOG_LEVEL": "warning"])
                .run(#"{"teamId":"\#(team)"\#(more)}"#)
        }

        func events() throws -> [String] {
            let rows = try database.rows(
                "SELECT user_id || ' ' || team_id || ' ' || action || ' ' || reason || ' ' || hits FROM nofx.security_events"
            )
            return try (0..<rows.count).map { try rows[$0][0] }
        }

        /// The log line of a denial: who tried which action.
        func expectWarning(
            _ outcome: Subprocess.Outcome,
            _ action: String,
            by subject: String,
            sourceLocation: SourceLocation = #_sourceLocation
        ) throws {
            let lines = try outcome.log("authz.denied")
            #expect(lines.count == 1, sourceLocation: sourceLocation)
            #expect(lines.first?["level"]?.string == "warning", sourceLocation: sourceLocation)
            #expect(lines.first?["teamId"]?.string == team, sourceLocation: sourceLocation)
            #expect(lines.first?["userId"]?.string == subject, sourceLocation: sourceLocation)
            #expect(lines.first?["action"]?.string == action, sourceLocation: sourceLocation)
            let requestID = try outcome.json()["requestId"]?.string
            #expect(lines.first?["requestId"]?.string == requestID, sourceLocation: sourceLocation)
        }
    }

    // Cases: teams 52
    @Test func `updateTeam refuses a viewer, hides the team from a stranger and accepts the owner`() throws {
        let scene = try Scene()
        let change = #","name":"New""#

        let viewer = try scene.call("updateTeam", as: scene.viewer, change)
        try expectProblem(viewer, 403, "forbidden", exit: 77)
        #expect(try viewer.json()["detail"]?.string == "Insufficient permissions to update team")
        #expect(try viewer.json()["requiredPermission"]?.string == "write")
        try scene.expectWarning(viewer, "team.update", by: scene.viewer)

        let stranger = try scene.call("updateTeam", as: scene.stranger, change)
        try expectProblem(stranger, 404, "team_not_found", exit: 66)
        try scene.expectWarning(stranger, "team.update", by: scene.stranger)
        #expect(try scene.database.value("SELECT name FROM nofx.teams", as: String.self) == "Acme")

        let owner = try scene.call("updateTeam", as: scene.owner, change)
        #expect(owner.status == 0)
        #expect(try owner.json()["name"]?.string == "New")
        #expect(owner.errors.isEmpty)
        #expect(
            try scene.events().sorted()
                == [
                    "\(scene.viewer) \(scene.team) team.update missing_permission 1",
                    "\(scene.stranger) \(scene.team) team.update not_a_member_or_missing 1",
                ].sorted()
        )
    }

    // Cases: teams 63
    @Test func `deleteTeam refuses an admin`() throws {
        let scene = try Scene()
        let outcome = try scene.call("deleteTeam", as: scene.admin)

        try expectProblem(outcome, 403, "owner_only", exit: 77)
        #expect(try outcome.json()["detail"]?.string == "Only team owners can delete teams")
        try scene.expectWarning(outcome, "team.delete", by: scene.admin)
        #expect(try scene.events() == ["\(scene.admin) \(scene.team) team.delete not_owner 1"])
        #expect(try scene.database.value("SELECT deleted_at IS NULL FROM nofx.teams", as: Bool.self))
        #expect(try scene.call("deleteTeam", as: scene.owner).status == 0)
    }

    // Cases: teams 147
    @Test(arguments: ["NODE_ENV", "APP_ENV", "NOFX_ENV", "SWIFT_ENV"])
    func `the environment's name grants no permissions`(variable: String) throws {
        let scene = try Scene()
        for value in ["test", "development"] {
            func call(_ name: String, as subject: String) throws -> Subprocess.Outcome {
                try scene.database.function(name, as: subject, environment: [variable: value])
                    .run(#"{"teamId":"\#(scene.team)"\#(name == "updateTeam" ? #","name":"New""# : "")}"#)
            }
            try expectProblem(try call("updateTeam", as: scene.viewer), 403, "forbidden", exit: 77)
            try expectProblem(try call("updateTeam", as: scene.stranger), 404, "team_not_found", exit: 66)
            try expectProblem(try call("deleteTeam", as: scene.admin), 403, "owner_only", exit: 77)
        }
        #expect(try scene.database.value("SELECT version FROM nofx.teams", as: Int.self) == 1)
    }

    @Test(arguments: ["getTeam", "updateTeam", "deleteTeam", "restoreTeam"])
    func `a foreign team is indistinguishable from an unknown one`(name: String) throws {
        let scene = try Scene()
        let more = name == "updateTeam" ? #","name":"Mine""# : ""
        let before = try scene.database.value("SELECT md5(string_agg(t::text, '')) FROM nofx.teams t", as: String.self)
        let foreign = try scene.call(name, as: scene.stranger, more)
        let missing = try scene.database.function(name, as: scene.stranger)
            .run(#"{"teamId":"\#(UUID.v7())"\#(more)}"#)

        for outcome in [foreign, missing] { try expectProblem(outcome, 404, "team_not_found", exit: 66) }
        #expect(try anonymous(foreign) == anonymous(missing))
        #expect(
            try scene.database.value("SELECT md5(string_agg(t::text, '')) FROM nofx.teams t", as: String.self) == before
        )
    }

    // Cases: teams 128
    @Test func `repeated denials are counted in one row`() throws {
        let scene = try Scene()
        for _ in 0..<3 { _ = try scene.call("deleteTeam", as: scene.admin) }
        // At the turn of a minute there are two rows.
        let rows = try scene.database.value("SELECT count(*) FROM nofx.security_events", as: Int.self)
        #expect((1...2).contains(rows))
        #expect(try scene.database.value("SELECT sum(hits)::bigint FROM nofx.security_events", as: Int.self) == 3)
    }

    // Cases: teams 127
    @Test func `without the table a call is still denied, and the log has the whole record`() throws {
        let scene = try Scene()
        try scene.database.rows("DROP TABLE nofx.security_events")
        let outcome = try scene.call("deleteTeam", as: scene.admin)

        try expectProblem(outcome, 403, "owner_only", exit: 77)
        try scene.expectWarning(outcome, "team.delete", by: scene.admin)
        let lost = try outcome.log("security_event.lost")
        #expect(lost.count == 1)
        #expect(lost.first?["teamId"]?.string == scene.team)
        #expect(lost.first?["userId"]?.string == scene.admin)
    }

    // Cases: teams 127
    @Test func `with a locked table a call is denied in time, and the record is lost`() throws {
        let scene = try Scene()
        var connection = try scene.database.connect()
        try connection.transaction(deadline: .test) { transaction in
            try transaction.run("LOCK TABLE nofx.security_events IN ACCESS EXCLUSIVE MODE")
            let outcome = try scene.call("deleteTeam", as: scene.admin)
            try expectProblem(outcome, 403, "owner_only", exit: 77)
            #expect(try outcome.log("security_event.lost").count == 1)
        }
    }

    /// The answer without the members that differ between all answers.
    private func anonymous(_ outcome: Subprocess.Outcome) throws -> String {
        outcome.output.replacing(try outcome.json()["requestId"]?.string ?? "", with: "")
    }
}
