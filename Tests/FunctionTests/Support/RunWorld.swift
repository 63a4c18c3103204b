import Base
import Core
import Postgres
import TestSupport

@testable import Runs
@testable import Teams

/// A team with members of every kind, and a run of it.
struct RunWorld {
    let database: TestDatabase
    let owner: Caller
    let team: Team
    let run: UUID

    /// Starts a run of a new team.
    init(_ steps: [TestStep] = [TestStep("build")], goal: String = "Test") throws {
        database = try TestDatabase()
        owner = .stranger()
        team = try database.team(of: owner)
        run = try database.startRun(steps, goal: goal, team: team.id.uuid, by: owner)
    }

    /// Somebody new in the team.
    func member(as role: Core.Role, permissions: [Permission]? = nil) throws -> Caller {
        try database.member(of: team, as: role, permissions: permissions)
    }

    /// Another run of the team.
    @discardableResult
    func another(_ steps: [TestStep] = [TestStep("build")], goal: String = "Test") throws -> UUID {
        try database.startRun(steps, goal: goal, team: team.id.uuid, by: owner)
    }

    /// An input that names the run, and more.
    func input(_ members: String = "", run: UUID? = nil) -> String { team.input(run ?? self.run, members) }

    /// An input that names a step of the run, and more.
    func step(_ name: String, _ members: String = "") -> String {
        input(#""step":"\#(name)"\#(members.isEmpty ? "" : ",")\#(members)"#)
    }

    /// How the run stands.
    var status: String {
        get throws { try database.value("SELECT status FROM nofx.runs WHERE id = \(run)") }
    }

    /// How its steps stand, by their names.
    var steps: [String: String] {
        get throws {
            let rows = try database.rows("SELECT name, status FROM nofx.steps WHERE run_id = \(run)")
            return try (0..<rows.count).reduce(into: [:]) { $0[try rows[$1][0]] = try rows[$1][1] as String }
        }
    }

    /// What happened in it, in order.
    var events: [String] {
        get throws {
            try database.value("SELECT array_agg(type ORDER BY seq) FROM nofx.events WHERE run_id = \(run)")
        }
    }

    /// How many jobs of it wait or are claimed.
    var jobs: Int {
        get throws { try database.value("SELECT count(*) FROM nofx.queue WHERE run_id = \(run)") }
    }

    /// What was done to the team and has to do with runs, in order.
    var activity: [String] {
        get throws {
            try database.activity(of: team.id).map(\.action).filter { $0 != "team.created" && $0 != "run.started" }
        }
    }

    /// Reasons for which somebody was refused.
    var denials: [String] {
        get throws {
            try database.value(
                "SELECT coalesce(array_agg(reason ORDER BY last_at), '{}') FROM nofx.security_events"
            )
        }
    }
}

extension Team {
    /// An input that names a run, and more.
    func input(_ run: UUID, _ members: String = "") -> String {
        #"{"teamId":"\#(id)","runId":"\#(run)"\#(members.isEmpty ? "" : ",")\#(members)}"#
    }
}

extension OutputObject {
    /// The output as its caller reads it.
    var answer: JSONValue {
        get throws { try JSONDocument(parsing: jsonBytes).root }
    }
}
