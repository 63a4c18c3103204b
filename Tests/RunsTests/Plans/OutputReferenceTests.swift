import Base
import Testing

@testable import Runs

/// References against what the tools put out.
@Suite struct OutputReferenceTests {
    private static let sources: KeyValuePairs = [
        "g": #""tool":"ai:generate","inputs":{"prompt":"x"}"#,
        "c": #""tool":"codegen","inputs":{"prompt":"x","filename":"src/a.py"}"#,
        "h": #""tool":"http:request","inputs":{"url":"https://a"}"#,
        "w": #""tool":"artifact:write","inputs":{"name":"d/n.txt","content":"x"}"#,
        "v": #""tool":"artifact:write","inputs":{"name":{"$from":"e.name"},"content":"x"},"dependsOn":["e"]"#,
        "t": #""tool":"wait:until","inputs":{"seconds":1}"#, "f": #""tool":"test:fail""#,
        "m": #""tool":"manual:ok""#, "e": #""tool":"test:echo""#,
        "o": #""tool":"test:echo","onFailure":"continue""#,
        "go": #""tool":"ai:generate","inputs":{"prompt":"x"},"onFailure":"continue""#,
    ]

    private func plan(_ value: String, _ tool: String = "test:echo", _ member: String = "it") -> String {
        let names = Self.sources.map { "\"\($0.key)\"" }.joined(separator: ",")
        let rest = tool == "http:request" ? #","url":"https://a""# : ""
        return Plan.json(
            Self.sources.map { #"{"name":"\#($0.key)",\#($0.value)}"# } + [
                #"{"name":"last","tool":"\#(tool)","dependsOn":[\#(names)],"inputs":{"\#(member)":\#(value)\#(rest)}}"#
            ]
        )
    }

    @Test(arguments: [
        "g", "g.text", "g.usage.output", "g.attempts.0.code", "g.artifact.sha256", "c.costUsd", "h.status",
        "h.headers.etag", "h.body", "h.body.items.0.name", "h.bodyBase64", "h.artifact.size", "w.artifact.name",
        "t.until", "f.attempt", "m.decision", "m.by", "m.reason", "e.any.thing", "/e/any.thing//x", "/g/text",
    ])
    func `what a tool puts out can be referred to`(_ reference: String) {
        #expect(violations(Plan.self, plan(#"{"$from":"\#(reference)"}"#)) == [])
    }

    @Test(arguments: [
        "g.answer", "g.text.0", "g.usage.total", "g.attempts.first", "g.attempts.0.x", "g.costUsd.cents", "c.code",
        "h.json", "h.status.code", "h.bodyBase64.x", "w.name", "w.artifact.content", "t.seconds", "f.code",
        "f.attempt.x", "m.approved", "/g/t/e", "/g/", "h.artifact.text",
    ])
    func `what a tool never puts out is refused, and its outputs are named`(_ reference: String) throws {
        let json = plan(#"{"$from":"\#(reference)"}"#)
        #expect(violations(Plan.self, json) == ["steps[11].inputs.it not_found"])
        let error = #expect(throws: Violations.self) { try Plan(json) }
        #expect(error?.all.first?.detail.contains("must refer to an output of") == true)
    }

    @Test(arguments: [
        ("g.text", "ai:generate", "prompt", true), ("g.usage", "ai:generate", "prompt", false),
        ("g", "ai:generate", "prompt", false), ("h.status", "ai:generate", "prompt", false),
        ("h.body", "ai:generate", "prompt", true), ("e", "ai:generate", "prompt", true),
        ("h.headers", "http:request", "headers", true), ("g.text", "http:request", "headers", false),
        ("f.attempt", "wait:until", "seconds", true), ("t.until", "wait:until", "seconds", false),
        ("t.until", "wait:until", "until", true), ("g.attempts", "wait:until", "until", false),
        ("g.usage.output", "test:echo", "delaySeconds", true), ("g.costUsd", "test:echo", "delaySeconds", false),
    ])
    func `the type of an output must fit`(_ reference: String, _ tool: String, _ member: String, _ fits: Bool) {
        let found = violations(Plan.self, plan(#"{"$from":"\#(reference)"}"#, tool, member))
        #expect(found == (fits ? [] : ["steps[11].inputs.\(member) invalid_type"]))
    }

    @Test(arguments: [
        (#"{"$from":"o.x"}"#, ["required"]), (#"{"$from":"go.text"}"#, ["required"]), (#"{"$from":"o"}"#, ["required"]),
        (#"{"$from":"o.x","default":null}"#, []), (#"{"$from":"go.text","default":""}"#, []),
        (#"{"$from":"go.txt","default":""}"#, ["not_found"]), (#"{"$artifact":"go/output.md"}"#, ["required"]),
        (#"{"$artifact":"go/output.md","default":""}"#, []),
    ])
    func `a step that may have no outputs needs a default`(_ value: String, _ codes: [String]) {
        #expect(violations(Plan.self, plan(value)) == codes.map { "steps[11].inputs.it \($0)" })
    }

    @Test(arguments: [
        (#"{"$artifact":"c/src/a.py"}"#, []), (#"{"$artifact":"/c/src~1a.py"}"#, []),
        (#"{"$artifact":"c/output.md"}"#, ["not_found"]), (#"{"$artifact":"g/output.md"}"#, []),
        (#"{"$artifact":"g/other.md"}"#, ["not_found"]), (#"{"$artifact":"h/body","encoding":"base64"}"#, []),
        (#"{"$artifact":"w/d/n.txt"}"#, []), (#"{"$artifact":"w/n.txt"}"#, ["not_found"]),
        (#"{"$artifact":"v/whatever"}"#, []), (#"{"$artifact":"e/x"}"#, ["not_found"]),
        (#"{"$artifact":"nobody/x"}"#, ["not_found"]), (#"{"$artifact":"last/x"}"#, ["not_found"]),
        (#"{"$artifact":"w"}"#, ["invalid_format"]), (#"{"$artifact":"w/"}"#, ["invalid_format"]),
        (#"{"$artifact":"/w/d/n.txt"}"#, ["invalid_format"]), (#"{"$artifact":7}"#, ["invalid_type"]),
        (#"{"$artifact":"w/d/n.txt","encoding":"hex"}"#, ["invalid_enum"]),
        (#"{"$artifact":"w/d/n.txt","x":1}"#, ["invalid_format"]),
    ])
    func `an artifact is one that an earlier step makes`(_ value: String, _ codes: [String]) {
        #expect(violations(Plan.self, plan(value)) == codes.map { "steps[11].inputs.it \($0)" })
    }

    @Test func `a step with a dot in its name and a member of that name can both be reached`() throws {
        func plan(_ reference: String, after others: String) -> String {
            Plan.json([
                #"{"name":"a","tool":"test:echo"}"#, #"{"name":"a.l","tool":"wait:until","inputs":{"seconds":1}}"#,
                #"{"name":"b","tool":"test:echo","dependsOn":[\#(others)],"inputs":{"it":{"$from":"\#(reference)"}}}"#,
            ])
        }
        for reference in ["/a/l", "/a.l/until", "a.l", "a.l.until"] {
            #expect(violations(Plan.self, plan(reference, after: #""a","a.l""#)) == [])
        }
        #expect(violations(Plan.self, plan("/a/l", after: #""a""#)) == [])
        let error = #expect(throws: Violations.self) { try Plan(plan("a.l.x", after: #""a""#)) }
        #expect(
            error?.all.map(\.detail)
                == ["names the step a.l; write /a/l/x for the member of another step"]
        )
    }

    @Test func `faults of references are told together with all others`() {
        let json = Plan.json([
            #"{"name":"a","tool":"wait:until","inputs":{"seconds":1}}"#,
            #"{"name":"b","tool":"ai:generate","dependsOn":["a"],"inputs":{"prompt":{"$from":"a.x"}},"priority":101}"#,
            #"{"name":"c","tool":"wait:until","dependsOn":["a"],"inputs":{"seconds":{"$from":"a.until"}}}"#,
        ])
        #expect(
            violations(Plan.self, json) == [
                "steps[1].inputs.prompt not_found", "steps[1].priority out_of_range",
                "steps[2].inputs.seconds invalid_type",
            ]
        )
    }
}
