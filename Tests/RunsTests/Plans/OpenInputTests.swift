import Base
import Testing

@testable import Runs

/// Inputs with references in them: only the place of a reference is open when a plan is checked.
@Suite struct OpenInputTests {
    private static let reference = #"{"$from":"a.x"}"#

    @Test(arguments: [
        ("ai:generate", #"{"prompt":["Sum: ",R]}"#, ["prompt invalid_type"]),
        ("ai:generate", #"{"prompt":{"text":R}}"#, ["prompt invalid_type"]),
        ("ai:generate", #"{"prompt":R,"maxTokens":[R]}"#, ["maxTokens invalid_type"]),
        ("ai:generate", #"{"prompt":"x","providers":{"first":R}}"#, ["providers invalid_type"]),
        ("ai:generate", #"{"prompt":"x","providers":[R,R]}"#, []),
        ("ai:generate", #"{"prompt":"x","providers":[R,"",R]}"#, ["providers[1] too_short"]),
        ("ai:generate", #"{"prompt":"x","schema":R,"filename":R,"allowPartial":R,"system":R,"model":R}"#, []),
        ("ai:generate", #"{"prompt":"x","schema":{"type":R}}"#, []),
        ("ai:generate", #"{"messages":R,"temperature":R,"stop":R,"thinkingBudget":R}"#, []),
        (
            "ai:generate", #"{"messages":[{"role":"user","content":R},{"role":"assistant","content":[R]}]}"#,
            []
        ),
        ("ai:generate", #"{"messages":[{"role":"user","content":[{"type":"text","text":R}]}]}"#, []),
        (
            "ai:generate", #"{"messages":[{"role":"user","content":[{"type":"image","data":R,"url":R}]}]}"#,
            ["messages[0].content[0] required"]
        ),
        ("ai:generate", #"{"prompt":R,"messages":R}"#, ["messages invalid_format"]),
        ("http:request", #"{"url":R,"method":R,"body":{"a":[R]},"expectedStatus":[R,R],"maxBytes":R}"#, []),
        ("http:request", #"{"url":["https://",R]}"#, ["url invalid_type"]),
        ("http:request", #"{"url":"https://a","headers":R,"expectedStatus":R}"#, []),
        ("http:request", #"{"url":"https://a","headers":{"a":{"b":R}}}"#, ["headers.a invalid_type"]),
        ("http:request", #"{"url":"https://a","headers":{"Host":R}}"#, ["headers.Host invalid_format"]),
        ("http:request", #"{"url":"https://a","body":R}"#, ["body invalid_format"]),
        ("http:request", #"{"url":"https://a","body":R,"method":"POST"}"#, []),
        ("artifact:write", #"{"name":R,"content":R,"contentType":R}"#, []),
        ("artifact:write", #"{"name":R,"contentBase64":R}"#, []),
        ("artifact:write", #"{"name":"x","content":R,"contentBase64":R}"#, [" required"]),
        ("artifact:write", #"{"name":R}"#, [" required"]),
        ("wait:until", #"{"until":R,"seconds":5}"#, [" required"]), ("wait:until", #"{"until":R}"#, []),
        ("wait:until", #"{"seconds":R}"#, []), ("wait:until", #"{"seconds":{"of":R}}"#, ["seconds invalid_type"]),
        ("test:fail", #"{"code":R,"message":R,"retryable":R,"attempts":R,"delaySeconds":R}"#, []),
        ("test:fail", #"{"codes":[R]}"#, ["codes unknown_field"]),
        ("test:echo", #"{"delaySeconds":[R]}"#, ["delaySeconds invalid_type"]),
        ("test:echo", #"{"delaySeconds":R,"any":[{"x":R}]}"#, []),
    ])
    func `what is around a reference is checked`(_ tool: String, _ inputs: String, _ expected: [String]) {
        let json = plan(tool, inputs.replacing("R", with: Self.reference))
        #expect(violations(Plan.self, json) == expected.map { fault($0) }.sorted())
    }

    @Test(arguments: [
        ("ai:generate", #"{"prompt":{"$secret":"K"}}"#, []),
        (
            "ai:generate",
            #"""
            {"messages":[{"role":"user","content":[
             {"type":"image","data":{"$artifact":"w/n.txt","encoding":"base64"}},
             {"type":"document","data":{"$artifact":"w/n.txt","encoding":"base64"},"name":"a.pdf"},
             {"type":"image","url":{"$from":"a.x"}}]}]}
            """#, []
        ),
        ("ai:generate", #"{"prompt":"x","maxTokens":{"$secret":"K"}}"#, ["maxTokens invalid_type"]),
        ("wait:until", #"{"seconds":{"$artifact":"w/n.txt"}}"#, ["seconds invalid_type"]),
        ("http:request", #"{"url":"https://a","headers":{"$artifact":"w/n.txt"}}"#, ["headers invalid_type"]),
        ("ai:generate", #"{"prompt":{"$from":"a.x","default":7}}"#, ["prompt.default invalid_type"]),
        ("ai:generate", #"{"prompt":{"$from":"a.x","default":""}}"#, ["prompt.default too_short"]),
        ("ai:generate", #"{"prompt":{"$from":"a.x","default":"none"}}"#, []),
        ("wait:until", #"{"seconds":{"$from":"a.x","default":-1}}"#, ["seconds.default out_of_range"]),
        ("test:echo", #"{"it":{"$from":"a.x","default":{"$secret":"K"}}}"#, ["it.default invalid_format"]),
        ("test:echo", #"{"it":{"$from":"a.x","default":[{"$from":"a"}]}}"#, ["it.default invalid_format"]),
        ("test:echo", #"{"it":{"$from":"a.x","other":1}}"#, ["it invalid_format"]),
        ("test:echo", #"{"it":{"$secret":"K","default":1}}"#, ["it invalid_format"]),
        ("test:echo", #"{"it":{"$from":"/a/~2"}}"#, ["it invalid_format"]),
        ("test:echo", #"{"it":{"$from":"/"}}"#, ["it invalid_format"]),
        ("test:echo", #"{"it":{"$from":"/a//x.y"}}"#, []),
    ])
    func `what is known of a marker is checked`(_ tool: String, _ inputs: String, _ expected: [String]) {
        #expect(violations(Plan.self, plan(tool, inputs)) == expected.map { fault($0) })
    }

    private func plan(_ tool: String, _ inputs: String) -> String {
        Plan.json([
            #"{"name":"a","tool":"test:echo"}"#,
            #"{"name":"w","tool":"artifact:write","inputs":{"name":"n.txt","content":"x"}}"#,
            #"{"name":"b","tool":"\#(tool)","dependsOn":["a","w"],"secretsScope":"s","inputs":\#(inputs)}"#,
        ])
    }

    private func fault(_ fault: String) -> String {
        fault.hasPrefix(" ") ? "steps[2].inputs\(fault)" : "steps[2].inputs.\(fault)"
    }
}
