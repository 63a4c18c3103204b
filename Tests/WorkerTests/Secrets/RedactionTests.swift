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

    /// The forms of a secret in a text that a server may answer with.
    static var forms: [(String, (String) -> String)] {
        [
            ("percent", percent), ("percent, lower case", { percent($0).lowercased() }),
            ("percent, reserved only", { $0.replacing("/", with: "%2F").replacing("+", with: "%2b") }),
            ("percent twice", { percent(percent($0)) }), ("form", { $0.replacing(" ", with: "+") }),
            ("hex", { Hexadecimal.encode($0.utf8) }), ("HEX", { Hexadecimal.encode($0.utf8).uppercased() }),
            ("html", html), ("html, decimal", { $0.unicodeScalars.map { "&#\($0.value);" }.joined() }),
            ("html, hex", { $0.unicodeScalars.map { "&#x\(String($0.value, radix: 16));" }.joined() }),
            ("json", { String(json($0).dropFirst().dropLast()) }),
            ("json in json", { String(json(json($0)).dropFirst().dropLast()) }),
            ("json, \\u", { $0.utf16.map { "\\u" + hex($0, 4) }.joined() }),
            ("\\x", { $0.utf8.map { "\\x" + hex($0, 2) }.joined() }),
            ("json in a query", { percent(String(json($0).dropFirst().dropLast())) }),
            ("upper case", { $0.uppercased() }), ("lower case", { $0.lowercased() }),
            ("lines", { split($0, "\n") }), ("CRLF", { split($0, "\r\n") }),
            ("indented lines", { split($0, "\n\t  ") }),
            ("form and percent", { percent($0).replacing("%20", with: "+") }),
            ("escaped lines", { split($0, "\\n") }), ("continued lines", { split($0, "\\\n") }),
            ("base64 in lines", { split(Base64.encode(Array($0.utf8)), "\r\n") }),
            ("base64url", { Base64.encodeURL(Array($0.utf8)) }),
            ("base64 behind 1", { Base64.encode(Array("x\($0)y".utf8)) }),
            ("base64 behind 2", { Base64.encode(Array("xy\($0)z".utf8)) }),
            ("base64url behind 1", { Base64.encodeURL(Array("x\($0)yz".utf8)) }),
            ("base64 in percent", { percent(Base64.encode(Array($0.utf8))) }),
            ("hex in lines", { split(Hexadecimal.encode($0.utf8), "\n") }),
        ]
    }

    @Test(arguments: [
        "hunter22", "Corr3ct/Horse+Battery=Staple", #"a"b\c<d>&'e/"#, "with space and %41 in it", "pässwörd🔑x", "a1b2",
        "-----BEGIN KEY-----\nMIIEvQ+IBADAN/Bg\nkqhkiG9w0B\n-----END KEY-----\n", "&amp;&lt;x", "\\u0041\\n%2541bc",
        "sk-proj-AbC_dEf-123",
    ])
    func `a secret is found in every form that it gets on its way`(secret: String) {
        let redaction = redaction(secret)
        for (name, form) in Self.forms {
            let found = redaction.text("{before: \(form(secret)) :after}")
            #expect(found.contains("[redacted]"), "\(name)")
            #expect(found.hasPrefix("{before: ") && found.hasSuffix(" :after}"), "\(name): \(found)")
            // Base64 within a longer text leaves the characters that also encode what is around it.
            #expect(found.utf8.count <= "{before: [redacted] :after}".utf8.count + 9, "\(name): \(found)")
        }
    }

    @Test func `secrets that overlap leave nothing of each other`() {
        #expect(redaction("abcdef", "defghi").text("xabcdefghix") == "x[redacted]x")
        #expect(redaction("aaaa").text("aaaaaa b aaaa") == "[redacted] b [redacted]")
    }

    @Test func `what only looks like an escape stays as it is`() {
        let redaction = redaction("hunter22")
        for text in [
            "100% & more\\", "%zz &nope; \\q \\u12 &#; &#x110000; %", "a\r\nb\n  c", "&", "%4", "\\u{41}", "\\ud800x",
        ] {
            #expect(redaction.text(text) == text)
            #expect(redaction.text("\(text)hunter22") == "\(text)[redacted]")
        }
    }

    @Test func `a megabyte and dozens of secrets take no time`() {
        var redaction = Redaction()
        for number in 0..<48 { redaction.add(Secret("secret-\(number)-\(String(repeating: "x%41\n", count: 40))")) }
        let text = Array(String(repeating: #"{"a":"%41&lt;b\n secret-1-x"},"#, count: 36_000).utf8)
        let time = ContinuousClock().measure { #expect(redaction.bytes(text) == text) }
        #expect(time < .seconds(60))
    }

    private static func percent(_ text: String) -> String { text.utf8.map { "%" + hex($0, 2).uppercased() }.joined() }

    private static func html(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;").replacing("'", with: "&#39;")
    }

    private static func json(_ text: String) -> String { String(decoding: text.jsonBytes, as: UTF8.self) }

    private static func hex(_ value: some BinaryInteger, _ width: Int) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: width - digits.count) + digits
    }

    /// A text with something between every three characters.
    private static func split(_ text: String, _ separator: String) -> String {
        let scalars = Array(text.unicodeScalars)
        return stride(from: 0, to: scalars.count, by: 3)
            .map { String(String.UnicodeScalarView(scalars[$0..<min($0 + 3, scalars.count)])) }
            .joined(separator: separator)
    }
}
