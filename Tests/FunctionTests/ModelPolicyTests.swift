import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Runs
@testable import Teams
@testable import nofx

/// Which AI models and routes a team's plans may use.
@Suite struct ModelPolicyTests {
    private let operating = Caller.stranger(isOperator: true)

    private func step(_ inputs: String, tool: String = "ai:generate") -> String {
        Steps.step("a", tool, more: #","inputs":{"prompt":"Hello."\#(inputs)}"#)
    }

    @Test func `a policy has patterns of models, which null lifts`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        func set(_ members: String) throws -> [String?]? {
            let policy = try database.call(SetToolPolicy.self, team.changes(members), as: operating).answer
            return policy["models"]?.elements.map(\.string)
        }
        #expect(try set(#""models":["route:fast","openai/gpt-*"]"#) == ["openai/gpt-*", "route:fast"])
        #expect(try set(#""secretScopes":["ci"]"#) == ["openai/gpt-*", "route:fast"])
        #expect(try set(#""models":[]"#) == [])
        #expect(try set(#""models":null"#) == [])
        let stored: Int = try database.value("SELECT count(*) FROM nofx.tool_policies WHERE models IS NULL")
        #expect(stored == 1)
        let changes = try database.activity(of: team.id).filter { $0.action == "tool_policy.set" }.map(\.metadata)
        #expect(changes.count == 4)
        #expect(
            changes.first
                == #"{"after": {"tools": null, "models": ["openai/gpt-*", "route:fast"], "secretScopes": []}, "#
                + #""before": {"tools": null, "models": null, "secretScopes": []}}"#
        )
    }

    @Test(arguments: [
        (#""models":["gpt-4o"]"#, "models[0]"), (#""models":["openai/a","openai/a"]"#, "models"),
        (#""models":"openai/a""#, "models"), (#""models":[1]"#, "models[0]"), (#""models":["*"]"#, "models[0]"),
    ])
    func `an invalid pattern is rejected`(_ members: String, _ field: String) throws {
        let event = #"{"teamId":"\#(ID<Team>.make())",\#(members)}"#
        let problem = #expect(throws: Problem.self) {
            try TestDatabase().call(SetToolPolicy.self, event, as: operating)
        }
        #expect(problem?.violations.map(\.field) == [field])
    }

    @Test(
        arguments: [
            (#","providers":["openai"],"model":"gpt-4o""#, ["openai/gpt-4o"], ["openai/gpt-*"], true),
            (#","providers":["openai"],"model":"o3""#, ["openai/o3"], ["openai/gpt-*"], false),
            (#","providers":["azure"],"model":"gpt-4o""#, ["azure/gpt-4o"], ["openai/gpt-*"], false),
            (#","providers":["openai","groq"],"model":"m""#, ["openai/m", "groq/*"], ["openai/m"], false),
            (#","providers":["openai","groq"],"model":"m""#, ["openai/m", "groq/*"], ["openai/m", "groq/x"], true),
            (#","model":"gpt-4o""#, ["*/gpt-4o"], ["openai/gpt-4o"], true),
            (#","model":"gpt-4o""#, ["*/gpt-4o"], ["openai/o3"], false),
            ("", ["*/*"], ["openai/o3"], true), ("", ["*/*"], [], false), ("", ["*/*"], ["route:fast"], false),
            (#","route":"fast""#, ["route:fast"], ["route:f*"], true),
            (#","route":"fast""#, ["route:fast"], ["*/*", "route:slow"], false),
            (
                #","models":[{"provider":"a","model":"m"},{"provider":"b"}]"#, ["a/m", "b/*"], ["a/m", "b/*"], true
            ),
            (
                #","models":[{"provider":"a","model":"m"},{"provider":"b","model":"n"}]"#, ["a/m", "b/n"], ["a/*"],
                false
            ),
            (#","models":[{"provider":"a","model":"100%_\"\\x"}]"#, [#"a/100%_"\x"#], [#"a/100%_"\*"#], true),
            (#","models":[{"provider":"a","model":"100a_x"}]"#, ["a/100a_x"], ["a/100%_x"], false),
            (#","models":[{"provider":{"$from":"z.text"},"model":"m"}]"#, ["*/m"], ["b/m"], true),
            (
                #","providers":["openrouter"],"model":"openai/gpt-4o""#, ["openrouter/openai/gpt-4o"], ["*/gpt-4o"],
                false
            ),
        ] as [(String, [String], [String], Bool)]
    )
    func `what a step names is checked when its run is started, previewed and repeated`(
        inputs: String,
        labels: [String],
        patterns: [String],
        isAllowed: Bool
    ) throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let depends = inputs.contains("$from") ? ["z"] : []
        let plan = Steps.json(
            [Steps.step("a", "codegen", after: depends, more: #","inputs":{"prompt":"Hello."\#(inputs)}"#)]
                + depends.map { Steps.step($0, "ai:generate", more: #","inputs":{"prompt":"x","providers":["b"]}"#) }
        )
        let started = try database.run(plan, of: team, by: owner)
        let stored: [String] = try database.value("SELECT models FROM nofx.steps WHERE name = 'a'")
        #expect(stored == labels)
        try database.rows("INSERT INTO nofx.tool_policies (team_id, models) VALUES (\(team.id), \(patterns))")

        let problem = refusal { try database.run(plan, of: team, by: owner) }
        #expect(problem?.code == (isAllowed ? nil : "policy_denied"))
        let denied = problem?.lists["models"] ?? []
        #expect(denied.isEmpty == isAllowed && Set(denied).isSubset(of: labels + ["b/*"]))
        let again = team.input(started.id.uuid)
        let repeated = refusal { try database.call(RerunRun.self, again, as: owner, quotas: .allTools) }
        #expect(repeated?.lists == problem?.lists)
        let preview = try database.call(PreviewRun.self, team.plan(plan), as: owner, quotas: .allTools)
        #expect(preview.steps.first?.isAllowed == isAllowed)
        let found = try preview.answer["refusals"]?.elements.first { _ in true }
        #expect(found?["models"]?.elements.compactMap(\.string) ?? [] == denied)
    }

    @Test func `the database and workers agree on what a pattern allows`() throws {
        let database = try TestDatabase()
        let patterns = [
            "openai/gpt-*", "*/gpt-4o", "o*/a*b*c", "openrouter/*/gpt-4o", #"a/100%_\*"#, "route:f*", "*/*", "route:*",
        ]
        let models = [
            ("openai", "gpt-4o"), ("openai", "o3"), ("azure", "gpt-4o"), ("openrouter", "openai/gpt-4o"),
            ("own", "a-b-c"), ("own", "a-c-b"), ("a", #"100%_\x"#), ("a", #"100a_\x"#), ("route", "x"),
        ]
        for pattern in patterns {
            let allowed = AllowedModels([pattern])
            for (provider, model) in models {
                let isAllowed: Bool = try database.value(
                    "SELECT nofx.is_model_allowed(\("\(provider)/\(model)"), \([pattern]))"
                )
                #expect(isAllowed == allowed.allows(model, of: provider), "\(pattern) \(provider)/\(model)")
            }
            for route in ["fast", "slow"] {
                let isAllowed: Bool = try database.value(
                    "SELECT nofx.is_model_allowed(\("route:\(route)"), \([pattern]))"
                )
                #expect(isAllowed == allowed.allowsRoute(route), "\(pattern) \(route)")
            }
        }
    }

    @Test func `a step needs all the providers that it names, or its route`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let steps = [
            #""prompt":"x""#, #""prompt":"x","providers":["openai"]"#, #""prompt":"x","providers":["b","a"]"#,
            #""prompt":"x","models":[{"provider":"a"},{"provider":"a","model":"m"},{"provider":"b"}]"#,
            #""prompt":"x","route":"fast""#,
        ]
        let plan = Steps.json(
            steps.enumerated().map { Steps.step("\($0)", "ai:generate", more: #","inputs":{\#($1)}"#) }
        )
        try database.run(plan, of: team, by: owner)
        let needs = try database.rows("SELECT needs FROM nofx.steps ORDER BY no")
        let found = try (0..<needs.count).map { try needs[$0][0] as [String] }
        #expect(found == [["ai"], ["ai:openai"], ["ai:b", "ai:a"], ["ai:a", "ai:b"], ["ai-route:fast"]])
    }

    /// The problem that the body throws; nil if it throws none.
    private func refusal<Output>(_ body: () throws -> Output) -> Problem? {
        do {
            _ = try body()
            return nil
        } catch {
            return (error as? Problem) ?? (error as? Denial)?.problem
        }
    }
}
