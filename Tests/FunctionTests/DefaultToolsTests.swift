import Base
import Core
import Postgres
import System
import TestSupport
import Testing

@testable import Runs
@testable import Teams
@testable import nofx

/// What a team may use for which no operator has set anything.
@Suite struct DefaultToolsTests {
    private static let costly: Set = ["ai:generate", "codegen", "http:request"]

    private static var plan: String {
        Steps.json([
            Steps.echo("a"), Steps.step("b", "http:request", more: #","inputs":{"url":"https://example.com/"}"#),
            Steps.step("c", "codegen", more: #","inputs":{"prompt":"Hello."}"#),
            Steps.step("d", "ai:generate", more: #","inputs":{"prompt":"Hello."}"#), Steps.step("e", "manual:review"),
        ])
    }

    private func quotas(_ tools: DefaultTools) -> Quotas {
        var quotas = Quotas()
        quotas.defaultTools = tools
        return quotas
    }

    @Test func `without a policy nothing is started that costs money or reaches the network`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let preview = try database.call(PreviewRun.self, team.plan(Self.plan), as: owner)
        #expect(preview.steps.map(\.isAllowed) == [true, false, false, false, true])
        // Secret scopes alone are no policy for tools.
        for _ in 0..<2 {
            let problem = #expect(throws: Problem.self) {
                try database.call(StartRun.self, team.plan(Self.plan), as: owner)
            }
            #expect(problem?.code == "policy_denied")
            #expect(problem?.lists == ["tools": Self.costly.sorted()])
            #expect(problem?.detail.contains("setToolPolicy") == true)
            try database.allowSecrets(["ci"], to: team)
        }
        #expect(try database.countOfRunRows() == 0)
    }

    @Test func `an operator allows tools to all teams, or to one`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        func refusal(_ tools: DefaultTools) -> String? {
            database.refusal(of: StartRun.self, team.plan(Self.plan), as: owner, quotas: quotas(tools))
        }
        #expect(refusal(.all) == nil)
        #expect(refusal(.listed(["test:echo", "codegen"])) == "403 policy_denied")
        #expect(refusal(.listed(["test:echo", "manual:review"] + Self.costly.sorted())) == nil)
        let operating = Caller.stranger(isOperator: true)
        func set(_ members: String) throws -> Bool {
            try database.call(SetToolPolicy.self, team.changes(members), as: operating).isOwn
        }
        #expect(try !set(#""secretScopes":["ci"]"#))
        #expect(refusal(.unlessCostly) == "403 policy_denied")
        #expect(try set(#""tools":["test:echo"]"#))
        #expect(refusal(.all) == "403 policy_denied")
        #expect(try set(#""tools":null"#))
        #expect(refusal(.unlessCostly) == nil)
    }

    @Test func `a run is not repeated with tools that are not allowed now`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let started = try database.call(StartRun.self, team.plan(Self.plan), as: owner, quotas: quotas(.all))
        let again = team.input(started.id.uuid)
        #expect(database.refusal(of: RerunRun.self, again, as: owner) == "403 policy_denied")
        #expect(database.refusal(of: RerunRun.self, again, as: owner, quotas: quotas(.all)) == nil)
    }

    @Test func `the database and the tools agree on which of them need a policy`() throws {
        let database = try TestDatabase()
        for name in ToolName.Kind.allCases.map(\.rawValue) + ["codegen", "manual:review"] {
            let isAllowed: Bool = try database.value("SELECT nofx.is_tool_allowed(\(name), NULL, NULL, NULL)")
            let kind = try #require(ToolName(name)).kind
            #expect(isAllowed == ![.generate, .embed, .httpRequest].contains(kind), "\(name)")
            #expect(isAllowed != Self.costly.union(["ai:embed"]).contains(name), "\(name)")
        }
    }

    @Test(arguments: [
        ("all", DefaultTools.all), ("test:echo", .listed(["test:echo"])),
        ("test:echo, ai:generate", .listed(["test:echo", "ai:generate"])), ("test:echo,", nil), ("", nil), (",", nil),
    ])
    func `the variable is all or names`(_ text: String, _ expected: DefaultTools?) {
        #expect(DefaultTools(text) == expected)
    }

    @Test func `a name that no tool has is a misconfiguration`() {
        for (text, isFine) in [("all", true), ("codegen,manual:review", true), ("ai:genrate", false)] {
            let environment = Environment([("NOFX_DEFAULT_TOOLS", text)])
            let isRefused = (try? ToolName.checkDefaults(environment)) == nil
            #expect(isRefused != isFine, "\(text)")
        }
    }
}
