import Base
import Testing

@testable import Runs

@Suite struct ReferenceTests {
    @Test(arguments: [
        ("a", "a", []), ("a.b", "a.b", []), ("a.b.c", "a.b", ["c"]), ("a.c.0", "a", ["c", "0"]),
        ("a.b.c.d", "a.b.c.d", []), ("x y.z", "x y", ["z"]),
    ])
    func `a reference means the step with the longest matching name`(_ text: String, _ step: String, _ path: [String]) {
        let steps: Set = ["a", "a.b", "a.b.c.d", "x y"]
        let reference = Reference(text, isStep: steps.contains)
        #expect(reference?.step == step)
        #expect(reference?.path == path)
        #expect(Reference("b.a", isStep: steps.contains) == nil)
    }

    @Test(arguments: [
        ("a", #"{"list":[{"n":1},{"n":[2]}],"t":"x","null":null}"#), ("a.t", #""x""#), ("a.list.1.n.0", "2"),
        ("a.list.0", #"{"n":1}"#), ("a.null", "null"),
    ])
    func `members and indexes select a part of the outputs`(_ reference: String, _ expected: String) throws {
        #expect(try resolve(#"{"it":{"$from":"\#(reference)"}}"#) == #"{"it":\#(expected)}"#)
    }

    @Test(arguments: [
        "b", "a.x", "a.list.2", "a.list.-1", "a.list.+0", "a.list.n", "a.list.99999999999999999999", "a.t.0",
        "a.null.x",
    ])
    func `a missing part fails the step permanently`(_ reference: String) {
        let failure = #expect(throws: StepFailure.self) { try resolve(#"{"it":{"$from":"\#(reference)"}}"#) }
        #expect(failure?.code == "reference_missing")
        #expect(failure?.retry == .never)
    }

    @Test(arguments: [
        ("/a.l", "a.l", []), ("/a/l", "a", ["l"]), ("/a.l/l/0", "a.l", ["l", "0"]), ("/x~1y/z~0.", "x/y", ["z~."]),
        ("/a//b/", "a", ["", "b", ""]), ("a.l", "a.l", []),
    ])
    func `a JSON Pointer names the step and every member exactly`(_ text: String, _ step: String, _ path: [String]) {
        let reference = Reference(text, isStep: Set(["a", "a.l", "x/y"]).contains)
        #expect(reference?.step == step)
        #expect(reference?.path == path)
    }

    @Test(arguments: [
        (#"{"$from":"/a/t"}"#, #""x""#), (#"{"$from":"/a/x.y"}"#, "1"), (#"{"$from":"/a/"}"#, "2"),
        (#"{"$from":"/a//list/1"}"#, nil), (#"{"$from":"/a/list/01"}"#, nil), (#"{"$from":"/a/list/1/n/0"}"#, "3"),
        (#"{"$from":"a.none","default":{"k":[1]}}"#, #"{"k":[1]}"#), (#"{"$from":"gone","default":null}"#, "null"),
        (#"{"$from":"gone.x","default":7}"#, "7"), (#"{"$from":"a.t","default":7}"#, #""x""#),
        (#"{"$from":"gone"}"#, nil), (#"{"$from":"gone.x"}"#, nil),
    ])
    func `a default stands in for what does not exist`(_ marker: String, _ expected: String?) throws {
        let outputs = [
            "a": JSONText(#"{"t":"x","x.y":1,"":2,"list":[0,{"n":[3]}]}"#), "gone": JSONText.noOutputs,
        ]
        let inputs = JSONText(#"{"it":\#(marker)}"#)
        guard let expected else {
            let failure = #expect(throws: StepFailure.self) { try inputs.resolving(outputs: outputs) { _ in nil } }
            #expect(failure?.code == "reference_missing")
            return
        }
        #expect(try inputs.resolving(outputs: outputs) { _ in nil }.description == #"{"it":\#(expected)}"#)
    }

    @Test func `a text that is only in an artifact is told as such`() throws {
        let outputs = ["a": JSONText(#"{"text":null,"model":null,"artifact":{"name":"x/y.md","sha256":"0"}}"#)]
        func resolve(_ reference: String) throws -> String {
            try JSONText(#"{"it":{"$from":"\#(reference)"}}"#).resolving(outputs: outputs) { _ in nil }.description
        }
        let failure = #expect(throws: StepFailure.self) { try resolve("a.text") }
        #expect(failure?.code == "reference_too_large")
        #expect(failure?.message.contains(#"{"$artifact":"/a/x~1y.md"}"#) == true)
        #expect(try resolve("a.model") == #"{"it":null}"#)
    }

    @Test func `references are replaced at any depth, and other values are unchanged`() throws {
        let inputs =
            #"{"a":[1.50,{"$from":"a.t"},{"deep":{"er":{"$from":"a.list.0.n"}}}],"\u0024x":"\u00e9","$b":null}"#
        #expect(try resolve(inputs) == #"{"a":[1.50,"x",{"deep":{"er":1}}],"$x":"\u00e9","$b":null}"#)
        #expect(try resolve(#"{"a":{"\u0024from":"a.t"}}"#) == #"{"a":"x"}"#)
        #expect(try resolve(#"{"a": [ ]}"#) == #"{"a": [ ]}"#)
    }

    @Test func `outputs that resemble a reference or a secret are unchanged`() throws {
        let outputs = ["a": JSONText(#"{"x":{"$secret":"KEY"},"y":{"$from":"a"}}"#)]
        let resolved = try JSONText(#"{"it":{"$from":"a"}}"#).resolving(outputs: outputs) { _ in Secret("hidden") }
        #expect(resolved.description == #"{"it":{"x":{"$secret":"KEY"},"y":{"$from":"a"}}}"#)
    }

    @Test func `a secret is inserted with escapes, and a missing one fails the step permanently`() throws {
        let inputs = JSONText(#"{"it":{"$secret":"KEY"}}"#)
        let resolved = try inputs.resolving(outputs: [:]) { $0.rawValue == "KEY" ? Secret("a\"b\n") : nil }
        #expect(resolved.description == #"{"it":"a\"b\n"}"#)
        let failure = #expect(throws: StepFailure.self) { try inputs.resolving(outputs: [:]) { _ in nil } }
        #expect(failure?.code == "secret_missing")
        #expect(failure?.retry == .never)
    }

    @Test func `a few references to large outputs do not exhaust the memory`() throws {
        let outputs = ["a": JSONText("\"\(String(repeating: "a", count: 200_000))\"")]
        let references = [String](repeating: #"{"$from":"a"}"#, count: 6).joined(separator: ",")
        let failure = #expect(throws: StepFailure.self) {
            try JSONText("{\"it\":[\(references)]}").resolving(outputs: outputs) { _ in nil }
        }
        #expect(failure?.code == "inputs_too_large")
    }

    @Test(arguments: [
        (#"{"$from":"a"}"#, []), (#"{"$from":"b.x"}"#, []), (#"[{"x":{"$from":"b"}}]"#, []),
        (#"{"$from":"nobody"}"#, ["steps[2].inputs.it not_found"]),
        (#"{"$from":"c"}"#, ["steps[2].inputs.it not_found"]),
        (#"{"$from":"d.x"}"#, ["steps[2].inputs.it not_found"]),
        (#"[0,{"x":{"$from":"d"}}]"#, ["steps[2].inputs.it[1].x not_found"]),
        (#"{"$from":"a","x":1}"#, ["steps[2].inputs.it invalid_format"]),
        (#"{"$from":7}"#, ["steps[2].inputs.it invalid_type"]),
        (#"{"$from":""}"#, ["steps[2].inputs.it invalid_format"]),
        (#"{"$from":"a..b"}"#, ["steps[2].inputs.it invalid_format"]),
        (#"{"$from":"a."}"#, ["steps[2].inputs.it invalid_format"]),
        (#"{"$secret":"K"}"#, ["steps[2].secretsScope required"]),
        (#"{"$secret":"a-b"}"#, ["steps[2].inputs.it invalid_format"]),
        (#"{"$secret":"K","$from":"a"}"#, ["steps[2].inputs.it invalid_format"]),
    ])
    func `a reference must name a dependency`(_ value: String, _ expected: [String]) {
        let json = Plan.json([
            #"{"name":"a","tool":"test:echo"}"#, #"{"name":"b","tool":"test:echo","dependsOn":["a"]}"#,
            #"{"name":"c","tool":"test:echo","dependsOn":["b"],"inputs":{"it":\#(value)}}"#,
            #"{"name":"d","tool":"test:echo","dependsOn":["c"]}"#,
        ])
        #expect(violations(Plan.self, json) == expected)
    }

    @Test(arguments: [
        ("ai:generate", #"{"prompt":{"$from":"a"}}"#, []),
        (
            "ai:generate", #"{"promt":{"$from":"a"}}"#,
            ["steps[1].inputs.promt unknown_field"]
        ),
        (
            "ai:generate", #"{"prompt":{"$from":"a"},"maxTokens":0,"x":1}"#,
            ["steps[1].inputs.maxTokens out_of_range", "steps[1].inputs.x unknown_field"]
        ),
        (
            "http:request", #"{"url":"https://a","headers":{"b":{"$from":"a"},"Host":"x"}}"#,
            ["steps[1].inputs.headers.Host invalid_format"]
        ),
        ("http:request", #"{"url":{"$from":"a"},"method":"get"}"#, ["steps[1].inputs.method invalid_enum"]),
        ("gate:manual", #"{"message":{"$from":"a"}}"#, ["steps[1].inputs.message invalid_type"]),
        ("wait:until", #"{"until":{"$from":"a.at"}}"#, []),
        ("test:echo", #"{"$from":"a"}"#, ["steps[1].inputs invalid_format"]),
    ])
    func `a tool's rules apply to all inputs known in advance`(_ tool: String, _ inputs: String, _ expected: [String]) {
        let json = Plan.json([
            #"{"name":"a","tool":"test:echo"}"#,
            #"{"name":"b","tool":"\#(tool)","dependsOn":["a"],"inputs":\#(inputs)}"#,
        ])
        #expect(violations(Plan.self, json) == expected)
    }

    private func resolve(_ inputs: String) throws -> String {
        let outputs = ["a": JSONText(#"{"list":[{"n":1},{"n":[2]}],"t":"x","null":null}"#)]
        return try JSONText(inputs).resolving(outputs: outputs) { _ in nil }.description
    }
}
