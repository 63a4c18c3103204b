import Base
import Core
import Postgres
import TestSupport

@testable import Runs
@testable import Teams
@testable import nofx

extension TestDatabase {
    /// Starts a run of a team.
    @discardableResult
    func run(_ plan: String, of team: Team, by caller: Caller) throws -> StartedRun {
        try call(StartRun.self, team.plan(plan), as: caller, quotas: .allTools)
    }

    /// Starts a run with one step that does nothing.
    @discardableResult
    func run(of team: Team, by caller: Caller) throws -> StartedRun {
        try run(Steps.json([Steps.echo("a")]), of: team, by: caller)
    }

    /// Restricts a team to some tools.
    func allow(_ tools: [String], to team: Team) throws {
        try rows(
            """
            INSERT INTO nofx.tool_policies (team_id, tools) VALUES (\(team.id), \(tools))
            ON CONFLICT (team_id) DO UPDATE SET tools = excluded.tools
            """
        )
    }

    /// Restricts a team's plans to the secrets of these scopes.
    func allowSecrets(_ scopes: [String], to team: Team) throws {
        try rows(
            """
            INSERT INTO nofx.tool_policies (team_id, secret_scopes) VALUES (\(team.id), \(scopes))
            ON CONFLICT (team_id) DO UPDATE SET secret_scopes = excluded.secret_scopes
            """
        )
    }

    /// The number of rows of all tables that store runs.
    func countOfRunRows() throws -> Int {
        try value(
            """
            SELECT (SELECT count(*) FROM nofx.runs) + (SELECT count(*) FROM nofx.steps)
                 + (SELECT count(*) FROM nofx.gates) + (SELECT count(*) FROM nofx.events)
                 + (SELECT count(*) FROM nofx.queue)
            """
        )
    }

    /// The events of a run, in order: number, type and step.
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
    /// The input with the team and a plan.
    func plan(_ plan: String) -> String { #"{"teamId":"\#(id)","plan":\#(plan)}"# }
}

/// Plans in JSON.
enum Steps {
    /// A plan with these steps.
    static func json(_ steps: [String], more: String = "") -> String {
        #"{"goal":"Test","steps":[\#(steps.joined(separator: ","))]\#(more)}"#
    }

    /// A step that does nothing and depends on others.
    static func echo(_ name: String, after others: [String] = [], more: String = "") -> String {
        step(name, "test:echo", after: others, more: more)
    }

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
    var jsonText: String { String(decoding: jsonBytes, as: UTF8.self) }
}
