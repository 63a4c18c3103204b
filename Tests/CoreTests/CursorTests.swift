import Base
import Core
import Testing

@Suite struct CursorTests {
    private let cursor = Cursor(list: "listTeams", binding: "ada", keys: ["17", "é\u{1F680}"])

    @Test func `a cursor decodes to what was encoded`() throws {
        let read = try Cursor(text: try cursor.text)
        #expect(read == cursor)
        #expect(try read.keys(of: "listTeams", binding: "ada", count: 2) == ["17", "é\u{1F680}"])
    }

    @Test func `a cursor is base64url of its contents`() throws {
        let bytes = try #require(Base64.decodeURL(try cursor.text.utf8))
        let content = try JSONDocument(parsing: bytes).root
        #expect(content["v"]?.integer == 1)
        #expect(content["o"]?.string == "listTeams")
        #expect(content["k"]?.elements.compactMap(\.string) == ["17", "é\u{1F680}"])
        // The cursor contains a checksum of its scope, not the scope.
        #expect(!String(decoding: bytes, as: UTF8.self).contains("ada"))
    }

    // Cases: teams 49
    @Test(arguments: [
        ("listMembers", "ada", 2), ("listTeams", "bob", 2), ("listTeams", "ada", 1), ("listTeams", "", 2),
    ])
    func `a cursor of another list is rejected`(_ list: String, _ binding: String, _ count: Int) {
        let problem = #expect(throws: Problem.self) { try cursor.keys(of: list, binding: binding, count: count) }
        #expect(problem?.status == 422)
        #expect(problem?.code == "invalid_cursor")
        #expect(problem?.violations.map(\.field) == ["cursor"])
    }

    // Cases: teams 49
    @Test func `a change of any bit of a cursor is detected`() throws {
        let text = Array(try cursor.text.utf8)
        for index in text.indices {
            for bit in 0..<7 {
                var changed = text
                changed[index] ^= 1 << bit
                let input = String(decoding: changed, as: UTF8.self)
                guard let read = try? Cursor(text: input) else { continue }
                #expect(read != cursor, "\(input)")
            }
        }
    }

    @Test(arguments: [
        "", "7", #"{"v":1}"#, "[]", "null", #"{"v":2,"o":"l","s":"0","k":[]}"#, #"{"v":"1","o":"l","s":"0","k":[]}"#,
        #"{"v":1,"o":7,"s":"0","k":[]}"#, #"{"v":1,"o":"l","s":"0","k":{}}"#, #"{"v":1,"o":"l","s":"0"}"#,
        #"{"v":1,"v":1,"o":"l","s":"0","k":[]}"#, #"{"v":1,"o":"l","s":"0","k":["\u0000"]}"#,
        #"{"v":1,"o":"l","s":"0","k":[]}."#,
    ])
    func `invalid cursor contents are rejected`(_ content: String) {
        let violations = #expect(throws: Violations.self) {
            try Cursor(text: Base64.encodeURL(Array(content.utf8)))
        }
        #expect(violations?.all.map(\.code) == [.invalidFormat])
    }

    @Test func `cursor keys that are not strings are rejected`() throws {
        let content = #"{"v":1,"o":"listTeams","s":"00000000","k":[1,null,{},"17"]}"#
        #expect(throws: Violations.self) { try Cursor(text: Base64.encodeURL(Array(content.utf8))) }
    }

    @Test(arguments: ["{}", "7", "null", #""+/==""#, #""ä""#, #""\#(String(repeating: "A", count: 513))""#])
    func `a cursor must be base64url of at most 512 characters`(_ input: String) throws {
        let value = try JSONDocument(parsing: Array(input.utf8)).root
        #expect(throws: Violations.self) { try Cursor(input: value) }
    }
}

extension Cursor {
    /// The cursor as callers receive it.
    fileprivate var text: String {
        get throws { try #require(JSONDocument(parsing: jsonBytes).root.string) }
    }

    fileprivate init(text: String) throws {
        self = try Cursor(input: JSONDocument(parsing: text.jsonBytes).root)
    }
}
