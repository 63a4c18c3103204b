import Base
import Testing

@testable import Runs

@Suite struct PlanTests {
    @Test func `omitted fields of a plan have defaults`() throws {
        let plan = try Plan(#"{"goal":" Greet ","steps":[{"name":"a","tool":"test:echo"}]}"#)
        #expect(
            plan.jsonText == """
                {"goal":"Greet","steps":[{"name":"a","tool":"test:echo","inputs":{},"dependsOn":[],"timeoutSeconds":60,\
                "retry":{"maxAttempts":3,"baseSeconds":2,"maxSeconds":300},"onFailure":"fail","priority":0,\
                "delaySeconds":0,"toolsAllowed":null,"secretsScope":null,"idempotent":false}],"deadlineSeconds":null}
                """
        )
    }

    @Test func `a plan with its defaults filled in parses to the same plan`() throws {
        let plan = try Plan(
            """
            {"goal":"Ship","deadlineSeconds":3600,"steps":[
             {"name":"ask","tool":"codegen","inputs":{"prompt":"x","filename":"a/b.md"},"timeoutSeconds":600,
              "retry":{"maxAttempts":1,"baseSeconds":0},"onFailure":"continue","priority":-100,"delaySeconds":5,
              "toolsAllowed":["codegen","test:echo"]},
             {"name":"send","tool":"http:request","dependsOn":["ask"],"secretsScope":"deploy",
              "inputs":{"url":"https://a","method":"PUT","headers":{"authorization":{"$secret":"TOKEN"}},
                        "body":{"text":{"$from":"ask.text","default":null}}}},
             {"name":"ok","tool":"manual:deploy","dependsOn":["send"],"inputs":{"role":"member"}}]}
            """
        )
        #expect(try Plan(plan.jsonText) == plan)
        #expect(plan.deniedTools.isEmpty)
    }

    @Test func `names become sorted numbers, for dependencies and dependents`() throws {
        let plan = try Plan.of(["a": [], "b": ["a"], "c": ["a"], "d": ["c", "b"], "e": []])
        #expect(plan.graph.dependencies == [[], [0], [0], [1, 2], []])
        #expect(plan.graph.dependents == [[1, 2], [3], [3], [], []])
        #expect(plan.graph.stages == [0, 1, 1, 2, 0])
    }

    @Test func `two steps with equal tool and inputs stay separate`() throws {
        let plan = try Plan.of(["a": [], "b": []])
        #expect(plan.steps[0].inputs == plan.steps[1].inputs)
        #expect(plan.steps.count == 2)
    }

    // Cases: queue 44
    @Test func `all violations of steps are reported at once, also those between steps`() {
        let json = """
            {"goal":"","colour":"red","deadlineSeconds":0,"steps":[
             {"name":"a","tool":"bash","dependsOn":["b"],"priority":101},
             {"name":"b","tool":"test:echo","dependsOn":["a","a","nobody","b"],"inputs":{"_policy":{}}},
             {"name":"a","tool":"ai:generate","timeoutSeconds":0,"retry":{"maxAttempts":21,"up":1}},
             {"name":"c\\u0007","tool":"wait:until","inputs":{"seconds":1},"secretsScope":"Prod","onFailure":"stop"}]}
            """
        #expect(
            violations(Plan.self, json) == [
                "colour unknown_field", "deadlineSeconds out_of_range", "goal too_short", "steps[0].dependsOn circular",
                "steps[0].priority out_of_range", "steps[0].tool invalid_enum", "steps[1].dependsOn[1] duplicate",
                "steps[1].dependsOn[2] not_found", "steps[1].dependsOn[3] circular",
                "steps[1].inputs._policy unknown_field", "steps[2].inputs.prompt required", "steps[2].name duplicate",
                "steps[2].retry.maxAttempts out_of_range", "steps[2].retry.up unknown_field",
                "steps[2].timeoutSeconds out_of_range", "steps[3].name invalid_characters",
                "steps[3].onFailure invalid_enum", "steps[3].secretsScope invalid_format",
            ]
        )
    }

    // Cases: queue 44
    @Test func `a cycle is reported with each step once and the first one again`() throws {
        let error = #expect(throws: Violations.self) {
            try Plan.of(["x": ["b"], "a": ["b"], "b": ["c"], "c": ["a"], "y": ["z"], "z": ["y"], "free": []])
        }
        #expect(
            error?.all.map { "\($0.field) \($0.detail)" } == [
                "steps[1].dependsOn must not form a cycle: a → b → c → a",
                "steps[4].dependsOn must not form a cycle: y → z → y",
            ]
        )
    }

    @Test(arguments: [
        (#"{"goal":"g","steps":[]}"#, ["steps too_short"]),
        (#"{"steps":[{"tool":"test:echo"}]}"#, ["goal required", "steps[0].name required"]),
        ("[]", [" invalid_type"]), (#"{"goal":"g","steps":{}}"#, ["steps invalid_type"]),
        (#"{"goal":"g","steps":[7]}"#, ["steps[0] invalid_type"]),
        (
            #"{"goal":"g","steps":[{"name":"a","tool":"test:echo","inputs":[],"dependsOn":"a"}]}"#,
            ["steps[0].dependsOn invalid_type", "steps[0].inputs invalid_type"]
        ),
        (
            #"{"goal":"g","steps":[{"name":"a","tool":"test:echo","retry":{"baseSeconds":10,"maxSeconds":5}}]}"#,
            ["steps[0].retry.maxSeconds out_of_range"]
        ),
        (
            #"{"goal":"g","steps":[{"name":"a","tool":"test:echo","inputs":{"a":1e999}}]}"#,
            ["steps[0].inputs out_of_range"]
        ),
    ])
    func `an invalid plan is rejected`(_ json: String, _ expected: [String]) {
        #expect(violations(Plan.self, json) == expected)
    }

    @Test func `canonically equivalent names are equal`() {
        let json = """
            {"goal":"g","steps":[{"name":"caf\\u00e9","tool":"test:echo"},{"name":"cafe\\u0301","tool":"test:echo"}]}
            """
        #expect(violations(Plan.self, json) == ["steps[1].name duplicate"])
    }

    @Test func `inputs have at most 256 KiB`() throws {
        func plan(_ count: Int) -> String {
            let text = String(repeating: "a", count: count)
            return #"{"goal":"g","steps":[{"name":"a","tool":"test:echo","inputs":{"t":"\#(text)"}}]}"#
        }
        #expect(violations(Plan.self, plan(262_144 - 8)) == [])
        #expect(violations(Plan.self, plan(262_144 - 7)) == ["steps[0].inputs too_large"])
    }

    @Test(arguments: [
        (#"["test:echo"]"#, []), (#"["ai:generate","wait:until"]"#, ["test:echo"]), ("[]", ["test:echo"]),
    ])
    func `a step whose allow-list lacks its tool is rejected`(_ list: String, _ denied: [String]) throws {
        let plan = try Plan(
            #"{"goal":"g","steps":[{"name":"a","tool":"test:echo","toolsAllowed":\#(list)},{"name":"b","tool":"test:echo"}]}"#
        )
        #expect(plan.deniedTools.map(\.description) == denied)
    }
}
