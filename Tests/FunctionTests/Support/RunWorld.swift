import Base
import Core
import Postgres
import TestSupport

@testable import Runs
@testable import Teams

/// A team and one of its runs.
struct RunWorld {
    let database: TestDatabase
    let owner: Caller
    let team: Team
    let run: UUID

    /// Makes a team and starts a run.
    init(_ steps: [TestStep] = [TestStep("build")], goal: String = "Test") throws {
        database = try TestDatabase()
        owner = .stranger()
        team = try database.team(of: owner)
        run = try database.startRun(steps, goal: goal, team: team.id.uuid, by: owner)
    }

    /// Adds a new member to the team.
    func member(as role: Core.Role, permissions: [Permission]? = nil) throws -> Caller {
        try database.member(of: team, as: role, permissions: permissions)
    }

    /// Starts another run of the team.
    @discardableResult
    func another(_ steps: [TestStep] = [TestStep("build")], goal: String = "Test") throws -> UUID {
        try database.startRun(steps, goal: goal, team: team.id.uuid, by: owner)
    }

    /// The input that names the run, with further members.
    func input(_ members: String = "", run: UUID? = nil) -> String { team.input(run ?? self.run, members) }

    /// The input that names a step of the run, with further members.
    func step(_ name: String, _ members: String = "") -> String {
        input(#""step":"\#(name)"\#(members.isEmpty ? "" : ",")\#(members)"#)
    }

    /// The status of the run.
    var status: String {
        get throws { try database.value("SELECT status FROM nofx.runs WHERE id = \(run)") }
    }

    /// The statuses of the run's steps, by name.
    var steps: [String: String] {
        get throws {
            let rows = try database.rows("SELECT name, status FROM nofx.steps WHERE run_id = \(run)")
            return try (0..<rows.count).reduce(into: [:]) { $0[try rows[$1][0]] = try rows[$1][1] as String }
        }
    }

    /// The types of the run's events, in order.
    var events: [String] {
        get throws {
            try database.value("SELECT array_agg(type ORDER BY seq) FROM nofx.events WHERE run_id = \(run)")
        }
    }

    /// The number of the run's jobs, waiting or claimed.
    var jobs: Int {
        get throws { try database.value("SELECT count(*) FROM nofx.queue WHERE run_id = \(run)") }
    }

    /// The team's activity that concerns runs, in order.
    var activity: [String] {
        get throws {
            try database.activity(of: team.id).map(\.action).filter { $0 != "team.created" && $0 != "run.started" }
        }
    }

    /// The reasons of the recorded denials.
    var denials: [String] {
        get throws {
            try database.value(
                "SELECT coalesce(array_agg(reason ORDER BY last_at), '{}') FROM nofx.security_events"
            )
        }
    }
}

extension Team {
    /// An input with the team, the run and further members.
    func input(_ run: UUID, _ members: String = "") -> String {
        #"{"teamId":"\#(id)","runId":"\#(run)"\#(members.isEmpty ? "" : ",")\#(members)}"#
    }
}

extension OutputObject {
    /// The output as JSON.
    var answer: JSONValue {
        get throws { try JSONDocument(parsing: jsonBytes).root }
    }
}
