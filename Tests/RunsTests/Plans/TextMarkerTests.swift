import Base
import Testing

@testable import Runs

/// Texts that are put together, and values that are written as JSON or read from it.
@Suite struct TextMarkerTests {
    private static let outputs = [
        "a": JSONText(##"{"text":"ä\"\n€","n":12.50,"ok":false,"none":null,"list":[1,"b"],"id":"a/b?c#d e&f=%ü"}"##),
        "json": JSONText(##"{"body":" {\"k\":[1,{\"$from\":\"a.text\"}]} ","bom":"\uFEFF[1]","bad":"{","number":5}"##),
    ]

    private func resolve(
        _ marker: String,
        member: String = "it",
        artifacts: [String: ArtifactContent] = [:]
    ) throws -> String {
        try JSONText(#"{"\#(member)":\#(marker)}"#)
            .resolving(outputs: Self.outputs, artifacts: artifacts, urls: ["url"]) { _ in Secret("k:1") }
            .description
    }

    @Test(arguments: [
        (#"{"$text":["Sum up: ",{"$from":"a.text"},"\n",{"$from":"a.text"}]}"#, #""Sum up: ä\"\n€\nä\"\n€""#),
        (#"{"$text":["n=",{"$from":"a.n"}," ok=",{"$from":"a.ok"}," ",7," ",true]}"#, #""n=12.50 ok=false 7 true""#),
        (#"{"$text":["Bearer ",{"$secret":"KEY"}]}"#, #""Bearer k:1""#),
        (#"{"$text":[{"$from":"a.none","default":"-"},{"$from":"a.gone","default":0}]}"#, #""-0""#),
        (#"{"$text":["<",{"$text":["[",{"$from":"a.n"},"]"]},">"]}"#, #""<[12.50]>""#),
        (#"{"$text":["list: ",{"$json":{"$from":"a.list"}}]}"#, #""list: [1,\"b\"]""#),
        (#"{"$text":["{{",{"$artifact":"a/f"},"}}"]}"#, #""{{file\n}}""#),
        (#"{"$json":{"q":{"$from":"a.text"},"s":[{"$json":1}]}}"#, #""{\"q\":\"ä\\\"\\n€\",\"s\":[\"1\"]}""#),
        (#"{"$json":"x"}"#, #""\"x\"""#), (#"{"$json":null}"#, #""null""#),
        (#"{"$parse":{"$from":"json.body"}}"#, #"{"k":[1,{"$from":"a.text"}]}"#),
        (#"{"$parse":{"$from":"json.bom"}}"#, "[1]"), (#"{"$parse":{"$text":["[",{"$from":"a.n"},"]"]}}"#, "[12.50]"),
    ])
    func `values are put together`(_ marker: String, _ expected: String) throws {
        let file = ["a/f": ArtifactContent.bytes(Array("file\n".utf8))]
        #expect(try resolve(marker, artifacts: file) == #"{"it":\#(expected)}"#)
    }

    @Test(arguments: [
        (#"{"$text":[{"$from":"a.none"}]}"#, "reference_not_text"),
        (#"{"$text":[{"$from":"a.list"}]}"#, "reference_not_text"),
        (#"{"$text":[{"$from":"a"}]}"#, "reference_not_text"),
        (#"{"$text":[{"$from":"a.gone"}]}"#, "reference_missing"),
        (#"{"$text":[{"$artifact":"a/g"}]}"#, "artifact_missing"),
        (#"{"$parse":{"$from":"json.bad"}}"#, "text_not_json"),
        (#"{"$parse":{"$from":"json.number"}}"#, "text_not_json"),
        (#"{"$json":{"x":{"$from":"a.gone"}}}"#, "reference_missing"),
    ])
    func `a value that is not there, or of another form, fails the step for good`(_ marker: String, _ code: String) {
        let failure = #expect(throws: StepFailure.self) { try resolve(marker) }
        #expect(failure?.code == code)
        #expect(failure?.retry == .never)
    }

    @Test func `what is inserted into a URL cannot change its structure`() throws {
        let url = #"{"$text":["https://x/",{"$from":"a.id"},"?q=",{"$from":"a.text"},"&n=",{"$from":"a.n"}]}"#
        let encoded = "https://x/a%2Fb%3Fc%23d%20e%26f%3D%25%C3%BC?q=%C3%A4%22%0A%E2%82%AC&n=12.50"
        #expect(try resolve(url, member: "url") == #"{"url":"\#(encoded)"}"#)
        // The text of another member is no URL.
        #expect(try resolve(#"{"$text":["https://x/",{"$from":"a.n"},"/b c"]}"#) == #"{"it":"https://x/12.50/b c"}"#)
        let whole = #"{"$text":[{"$from":"a.id"},"/",{"$from":"a.id"}]}"#
        #expect(try resolve(whole, member: "url").hasPrefix(##"{"url":"a/b?c#d e&f=%ü/a%2Fb"##))
    }

    @Test func `texts that grow by references are bounded`() {
        let outputs = ["a": JSONText(#"{"t":"\#(String(repeating: "\\\\", count: 100_000))"}"#)]
        let parts = Array(repeating: #"{"$from":"a.t"}"#, count: 20).joined(separator: ",")
        let nested = (0..<20).reduce(#"{"$from":"a.t"}"#) { inner, _ in #"{"$json":\#(inner)}"# }
        for marker in [#"{"$text":[\#(parts)]}"#, nested] {
            let failure = #expect(throws: StepFailure.self) {
                try JSONText(#"{"it":\#(marker)}"#).resolving(outputs: outputs) { _ in nil }
            }
            #expect(failure?.code == "inputs_too_large")
        }
    }

    // MARK: - Plans

    private func plan(_ marker: String, _ tool: String = "test:echo", _ member: String = "it") -> String {
        Plan.json([
            #"{"name":"g","tool":"ai:generate","inputs":{"prompt":"x"}}"#, #"{"name":"e","tool":"test:echo"}"#,
            #"{"name":"other","tool":"test:echo"}"#,
            #"{"name":"last","tool":"\#(tool)","dependsOn":["g","e"],"inputs":{"\#(member)":\#(marker)}}"#,
        ])
    }

    @Test(arguments: [
        #"{"$text":["Sum up: ",{"$from":"g.text"},{"$from":"e.any"},{"$from":"g.usage.input"}]}"#,
        #"{"$text":[{"$json":{"all":{"$from":"g"}}}]}"#, #"{"$json":[{"$from":"g.usage"},"x"]}"#,
    ])
    func `a plan takes texts in the place of strings`(_ marker: String) {
        #expect(violations(Plan.self, plan(marker, "ai:generate", "prompt")) == [])
        let number = violations(Plan.self, plan(marker, "ai:generate", "maxTokens"))
        #expect(number.first == "steps[3].inputs.maxTokens invalid_type")
    }

    @Test(arguments: [
        (#"{"$text":[{"$from":"other.x"}]}"#, "it not_found"),
        (#"{"$text":["a",{"$from":"g.answer"}]}"#, "it not_found"),
        (#"{"$text":[{"$from":"g.usage"}]}"#, "it invalid_type"),
        (#"{"$text":[{"$from":"g.attempts"}]}"#, "it invalid_type"),
        (#"{"$text":["a",null]}"#, "it.$text[1] invalid_type"), (#"{"$text":[["a"]]}"#, "it.$text[0] invalid_type"),
        (#"{"$text":[{"a":1}]}"#, "it.$text[0] invalid_type"), (#"{"$text":[]}"#, "it.$text out_of_range"),
        (#"{"$text":"a"}"#, "it.$text invalid_type"), (#"{"$text":["a"],"default":1}"#, "it invalid_format"),
        (#"{"$text":[{"$parse":{"$from":"g.text"}}]}"#, "it.$text[0] invalid_type"),
        (#"{"$text":[{"$from":"e.x","default":[]}]}"#, "it.$text[0].default invalid_type"),
        (#"{"$text":[{"$from":""}]}"#, "it.$text[0] invalid_format"),
        (#"{"$json":{"a":{"$from":"other.x"}}}"#, "it not_found"),
        (#"{"$json":{"a":{"$from":1}}}"#, "it.$json.a invalid_type"),
        (#"{"$parse":"[]"}"#, "it.$parse invalid_type"), (#"{"$parse":{"$json":1}}"#, "it.$parse invalid_type"),
        (#"{"$parse":{"$from":"g.usage"}}"#, "it invalid_type"),
    ])
    func `a wrong marker in a plan is named`(_ marker: String, _ violation: String) {
        #expect(violations(Plan.self, plan(marker)) == ["steps[3].inputs.\(violation)"])
    }

    @Test func `references in texts are listed, and secrets need a scope`() throws {
        let parsed = try Plan(plan(#"{"$text":[{"$from":"g.text"},{"$json":[{"$from":"e.x"}]}]}"#))
        #expect(parsed.references(of: 3).map(\.reference.step) == ["g", "e"])
        #expect(violations(Plan.self, plan(#"{"$text":["Bearer ",{"$secret":"KEY"}]}"#)).isEmpty == false)
    }
}
