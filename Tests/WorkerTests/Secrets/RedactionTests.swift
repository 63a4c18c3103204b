import Base
import Testing

@testable import Worker

@Suite struct RedactionTests {
    private func redaction(_ secrets: String...) -> Redaction {
        var redaction = Redaction()
        for secret in secrets { redaction.add(Secret(secret)) }
        return redaction
    }

    private func json(_ text: String, _ redaction: Redaction) throws -> String {
        redaction.json(try JSONDocument(parsing: Array(text.utf8)).root).description
    }

    @Test(arguments: [
        ("hunter22", "[redacted]"), ("a hunter22 b hunter22", "a [redacted] b [redacted]"),
        ("hhunter2hunter22hunter22", "hhunter2[redacted][redacted]"), ("hunter2", "hunter2"), ("", ""),
        ("aHVudGVyMjI=", "[redacted]"), ("aHVudGVyMjI", "[redacted]"),
    ])
    func `a secret is removed at any place`(text: String, expected: String) {
        #expect(redaction("hunter22").text(text) == expected)
    }

    @Test func `a secret is found in base64, at any alignment`() {
        let secret = "correct horse?>battery~staple"
        let redaction = redaction(secret)
        for before in ["", "u", "us", "user", "user:"] {
            for after in ["", "1", "12", "123"] {
                for encoded in [
                    Base64.encode(Array("\(before)\(secret)\(after)".utf8)),
                    Base64.encodeURL(Array("\(before)\(secret)\(after)".utf8)),
                ] {
                    let text = redaction.text("Basic \(encoded)")
                    #expect(text.contains("[redacted]"))
                    // The remaining characters also encode bits of the neighbouring bytes.
                    #expect(text.utf8.count <= "Basic [redacted]".utf8.count + before.utf8.count * 2 + 8)
                }
            }
        }
    }

    @Test func `of two overlapping secrets the longer one is removed first`() {
        #expect(redaction("abcd", "abcdefgh").text("abcdefgh abcd") == "[redacted] [redacted]")
    }

    @Test func `a very short secret is not searched for`() {
        #expect(redaction("abc").isEmpty)
        #expect(redaction("abc", "").text("abc") == "abc")
    }

    @Test func `redacted JSON stays valid JSON`() throws {
        let quoted = #"p"a\ss/1"#
        let redaction = redaction(quoted, "12345")
        #expect(
            try json(#"{"p\"a\\ss\/1":["x p\"a\\s\u0073/1 y",12345,-123456.5,1234,true,null,{"a":{}}]}"#, redaction)
                == #"{"[redacted]":["x [redacted] y","[redacted]","-[redacted]6.5",1234,true,null,{"a":{}}]}"#
        )
        // A string that contains JSON is searched too.
        var text = JSONWriter()
        text.object { $0.member("a", quoted) }
        #expect(redaction.text(String(decoding: text.bytes, as: UTF8.self)) == #"{"a":"[redacted]"}"#)
    }

    @Test func `without secrets nothing changes, not even the notation of numbers`() throws {
        #expect(try json(#"{"a": [1.50, "\u0061"]}"#, Redaction()) == #"{"a": [1.50, "\u0061"]}"#)
        #expect(try json(#"{"a": [1.50, "\u0061"]}"#, redaction("hunter22")) == #"{"a":[1.50,"a"]}"#)
    }
}
