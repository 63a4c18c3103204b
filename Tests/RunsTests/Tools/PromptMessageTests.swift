import Base
import Core
import Testing

@testable import Runs

/// What `ai:generate` is asked, beside a prompt.
@Suite struct PromptMessageTests {
    private static let png = "iVBORw0KGgo="

    private func inputs(_ members: String) throws -> GenerateInputs {
        try GenerateInputs("{\(members)}")
    }

    @Test func `a prompt is a conversation of one message`() throws {
        #expect(try inputs(#""prompt":"Hi""#).messages == [PromptMessage(.user, "Hi")])
    }

    @Test func `a conversation has roles, texts, images and documents`() throws {
        let content = """
            [{"type":"text","text":"a","cacheControl":"1h"},{"type":"image","data":"\(Self.png)"},
             {"type":"image","url":"https://example.com/a.png"},
             {"type":"document","data":"JVBERi0x","mediaType":"application/pdf","name":"a.pdf"}]
            """
        let messages = try inputs(
            """
            "messages":[{"role":"system","content":"Be brief."},{"role":"user","content":\(content)},
             {"role":"assistant","content":[{"type":"text","text":"b"}]}]
            """
        ).messages
        #expect(messages.map(\.role) == [.system, .user, .assistant])
        #expect(
            messages[1].parts.map(\.content) == [
                .text("a"), .data(Self.png, mediaType: "image/png", .image, name: nil),
                .link("https://example.com/a.png", .image, name: nil),
                .data("JVBERi0x", mediaType: "application/pdf", .document, name: "a.pdf"),
            ]
        )
        #expect(messages[1].parts.map(\.cache) == [.oneHour, nil, nil, nil])
    }

    @Test(arguments: [
        ("iVBORw0KGgo=", "image/png"), ("/9j/4AAQ", "image/jpeg"), ("R0lGODlh", "image/gif"),
        ("UklGRgAAAABXRUJQ", "image/webp"),
    ])
    func `the media type follows from the data`(data: String, type: String) throws {
        let part = #"{"type":"image","data":"\#(data)"}"#
        let messages = try inputs(#""messages":[{"role":"user","content":[\#(part)]}]"#).messages
        #expect(messages[0].parts[0].content == .data(data, mediaType: type, .image, name: nil))
    }

    @Test func `temperature, stop, effort, thinking and cache are read`() throws {
        let inputs = try inputs(
            #""prompt":"a","temperature":0.5,"stop":"END","effort":"high","thinkingBudget":1024,"cacheControl":"5m""#
        )
        #expect(inputs.temperature == 0.5 && inputs.stop == ["END"] && inputs.effort == .high)
        #expect(inputs.thinkingBudget == 1_024 && inputs.cache == .fiveMinutes)
        #expect(try GenerateInputs(#"{"prompt":"a","stop":["\n","b"]}"#).stop == ["\n", "b"])
    }

    @Test(arguments: [
        (#""prompt":"a","messages":[{"role":"user","content":"b"}]"#, ["messages invalid_format"]),
        (#""messages":[]"#, ["messages too_short"]),
        (#""messages":[{"role":"system","content":"a"}]"#, ["messages required"]),
        (
            #""messages":[{"role":"user","content":"a"},{"role":"system","content":"b"}]"#,
            ["messages[1].role invalid_format"]
        ),
        (#""messages":[{"role":"tool","content":"a"}]"#, ["messages[0].role invalid_enum"]),
        (#""messages":[{"role":"user","content":" "}]"#, ["messages[0].content too_short"]),
        (#""messages":[{"role":"user","content":7}]"#, ["messages[0].content invalid_type"]),
        (#""messages":[{"role":"user","content":[]}]"#, ["messages[0].content too_short"]),
        (#""messages":[{"role":"user"}]"#, ["messages[0].content required"]),
        (
            #""messages":[{"role":"assistant","content":[{"type":"image","data":"iVBORw0KGgo="}]}]"#,
            ["messages[0].content invalid_format"]
        ),
        (#""prompt":"a","temperature":2.1"#, ["temperature out_of_range"]),
        (#""prompt":"a","temperature":"0""#, ["temperature invalid_type"]),
        (#""prompt":"a","stop":[]"#, ["stop too_short"]),
        (#""prompt":"a","stop":["a","b","c","d","e"]"#, ["stop too_many"]),
        (#""prompt":"a","stop":["a",""]"#, ["stop[1] too_short"]),
        (#""prompt":"a","effort":"huge""#, ["effort invalid_enum"]),
        (#""prompt":"a","thinkingBudget":1023"#, ["thinkingBudget out_of_range"]),
        (#""prompt":"a","thinkingBudget":4096"#, ["thinkingBudget out_of_range"]),
        (#""prompt":"a","cacheControl":"2m""#, ["cacheControl invalid_enum"]),
    ])
    func `a faulty request is refused with the field's name`(_ members: String, _ expected: [String]) {
        #expect(violations(GenerateInputs.self, "{\(members)}") == expected)
    }

    @Test(arguments: [
        (#"{"type":"text"}"#, " required"), (#"{"type":"text","text":"a","url":"https://a"}"#, " required"),
        (#"{"type":"image","text":"a"}"#, " invalid_format"),
        (#"{"type":"text","url":"https://a"}"#, " invalid_format"),
        (#"{"type":"text","text":"a","name":"b"}"#, " invalid_format"),
        (#"{"type":"image","url":"file:///etc/passwd"}"#, ".url invalid_format"),
        (#"{"type":"image","url":"https://a","mediaType":"image/png"}"#, ".mediaType invalid_format"),
        (#"{"type":"image","data":"not base64"}"#, ".data invalid_format"),
        (#"{"type":"image","data":""}"#, ".data too_short"),
        (#"{"type":"image","data":"AAAA"}"#, ".data invalid_format"),
        (#"{"type":"image","data":"JVBERi0x"}"#, ".data invalid_format"),
        (#"{"type":"document","data":"iVBORw0KGgo="}"#, ".data invalid_format"),
        (#"{"type":"image","data":"AAAA","mediaType":"image/tiff"}"#, ".mediaType invalid_enum"),
        (#"{"type":"image","data":"AAAA","mediaType":"application/pdf"}"#, ".mediaType invalid_format"),
        (#"{"type":"video","url":"https://a"}"#, ".type invalid_enum"),
    ])
    func `a faulty part is refused with its place`(_ part: String, _ expected: String) {
        let json = #"{"messages":[{"role":"user","content":[\#(part)]}]}"#
        #expect(violations(GenerateInputs.self, json) == ["messages[0].content[0]\(expected)"])
    }

    @Test func `the number of files and of marks is limited`() {
        let image = #"{"type":"image","data":"\#(Self.png)"}"#
        func message(_ parts: [String]) -> String {
            #"{"messages":[{"role":"user","content":[\#(parts.joined(separator: ","))]}]}"#
        }
        #expect(violations(GenerateInputs.self, message(Array(repeating: image, count: 20))) == [])
        let many = Array(repeating: image, count: 21)
        #expect(violations(GenerateInputs.self, message(many)) == ["messages too_many"])
        let marked = #"{"type":"text","text":"a","cacheControl":"5m"}"#
        #expect(violations(GenerateInputs.self, message(Array(repeating: marked, count: 4))) == [])
        let five = Array(repeating: marked, count: 5)
        #expect(violations(GenerateInputs.self, message(five)) == ["messages too_many"])
        let text = #"[\#(Array(repeating: marked, count: 4).joined(separator: ","))]"#
        let both = #"{"messages":[{"role":"user","content":\#(text)}],"cacheControl":"5m"}"#
        #expect(violations(GenerateInputs.self, both) == ["cacheControl too_many"])
    }
}
