import Base
import Core
import Postgres
import TestSupport

@testable import Runs
@testable import Teams
@testable import nofx

extension TestDatabase {
    /// A new run of a team's.
    @discardableResult
    func run(_ plan: String, of team: Team, by caller: Caller) throws -> StartedRun {
        try call(StartRun.self, team.plan(plan), as: caller, quotas: .allTools)
    }

    /// A new run of one step that does nothing.
    @discardableResult
    func run(of team: Team, by caller: Caller) throws -> StartedRun {
        try run(Steps.json([Steps.echo("a")]), of: team, by: caller)
    }

    /// Allows a team nothing but some tools.
    func allow(_ tools: [String], to team: Team) throws {
        try rows(
            """
            INSERT INTO nofx.tool_policies (team_id, tools) VALUES (\(team.id), \(tools))
            ON CONFLICT (team_id) DO UPDATE SET tools = excluded.tools
            """
        )
    }

    /// Lets a team's plans have the secrets of these scopes and no others.
    func allowSecrets(_ scopes: [String], to team: Team) throws {
        try rows(
            """
            INSERT INTO nofx.tool_policies (team_id, secret_scopes) VALUES (\(team.id), \(scopes))
            ON CONFLICT (team_id) DO UPDATE SET secret_scopes = excluded.secret_scopes
            """
        )
    }

    /// How many rows there are of everything that a run consists of.
    func countOfRunRows() throws -> Int {
        try value(
            """
            SELECT (SELECT count(*) FROM nofx.runs) + (SELECT count(*) FROM nofx.steps)
                 + (SELECT count(*) FROM nofx.gates) + (SELECT count(*) FROM nofx.events)
                 + (SELECT count(*) FROM nofx.queue)
            """
        )
    }

    /// What happened in a run, in order: number, event and step.
    func events(of run: ID<Run>) throws -> [String] {
        try value(
            """
            SELECT array_agg(concat_ws(' ', e.seq, e.type, s.name) ORDER BY e.seq)
            FROM nofx.events e LEFT JOIN nofx.steps s ON s.run_id = e.run_id AND s.no = e.step_no
            WHERE e.run_id = \(run)
            """
        )
    }
}

extension Team {
    /// An event that names the team and a plan.
    func plan(_ plan: String) -> String { #"{"teamId":"\#(id)","plan":\#(plan)}"# }
}

/// Plans in JSON.
enum Steps {
    /// A plan of steps.
    static func json(_ steps: [String], more: String = "") -> String {
        #"{"goal":"Test","steps":[\#(steps.joined(separator: ","))]\#(more)}"#
    }

    /// A step that does nothing, after others.
    static func echo(_ name: String, after others: [String] = [], more: String = "") -> String {
        step(name, "test:echo", after: others, more: more)
    }

    /// A step.
    static func step(_ name: String, _ tool: String, after others: [String] = [], more: String = "") -> String {
        let names = others.map { "\"\($0)\"" }.joined(separator: ",")
        return #"{"name":"\#(name)","tool":"\#(tool)","dependsOn":[\#(names)]\#(more)}"#
    }
}

extension Quotas {
    /// The usual quotas, and all tools for every team.
    static var allTools: Quotas {
        var quotas = Quotas()
        quotas.defaultTools = .all
        return quotas
    }
}

extension JSONEncodable {
    /// The JSON of the value.
    var jsonText: String { String(decoding: jsonBytes, as: UTF8.self) }
}
