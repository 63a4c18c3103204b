import Base
import Testing

struct EmailAddressTests {
    @Test(arguments: [
        "a@b.c", "ada@example.com", "Ada.Lovelace+tag@Mail.Example.co.uk", "o'brien@example.ie", "1@2.x", "a@3com.com",
        "a@1.2.3.d4",
        "!#$&'*+-/=?^_`{|}~@example.com", "x@xn--bcher-kva.example", "a@b-c.d",
        String(repeating: "l", count: 64) + "@example.com",
        "a@" + String(repeating: "d", count: 63) + ".com",
        "a@" + String(repeating: "d.", count: 125) + "de",
    ])
    func `a valid address is accepted unchanged`(_ text: String) {
        #expect(EmailAddress(text)?.text == text)
    }

    // Cases: teams 78
    @Test(arguments: [
        "", "@", "a", "a@", "@b.c", "a@b", "a@b.", "a@.b", "a@b..c", "a..b@c.d", ".a@b.c", "a.@b.c", "a@b@c.d",
        "a@b.c\r\nBcc:x@y.z", "a@b.c, x@y.z", "<a@b.c>", "Ada <a@b.c>", "a b@c.d", "a@b c.d", "a@b.c;x@y.z",
        "a%0A@b.c", "a%0d%0abcc@b.c", "a%b@c.d", "\"a\"@b.c", "a\"b@c.d", "a(b)@c.d", "a@[127.0.0.1]", "a:b@c.d",
        "a\\b@c.d", "a\u{0}@b.c", "a\u{7F}@b.c", "a\t@b.c", "a@-b.c", "a@b-.c", "a@b_c.d", "a@b.c/d",
        "1@2.3", "a@127.0.0.1", "a@example.123", "a@1.2.3.4.5", "a@256.256.256.256", "a@127.1", "a@0x7f.0x1",
        "a@127.0.0.0x1", "a@host.0", "a@[::1]", "a@[IPv6:::1]", "a@IPv6:::1", "a@::ffff:127.0.0.1", "a@2130706433",
        "a@example.1com", "a@localhost", "a@example.com.", "a@[example.com]",
        "\u{212A}@example.com", "a@example.\u{212A}om", "é@example.com", "a@bücher.example", "a@b。c", "a\u{200B}@b.c",
        String(repeating: "l", count: 65) + "@example.com",
        "a@" + String(repeating: "d", count: 64) + ".com",
        "a@" + String(repeating: "d.", count: 125) + "def",
    ])
    func `an invalid address is rejected`(_ text: String) {
        #expect(EmailAddress(text) == nil)
    }

    @Test func `white space around an address is dropped`() {
        #expect(EmailAddress(" \tada@example.com\r\n")?.text == "ada@example.com")
        #expect(EmailAddress("\u{A0}ada@example.com") == nil, "other spaces are not ASCII")
    }

    @Test(arguments: [
        ("ADA@EXAMPLE.COM", "ada@example.com"), ("ada@example.com", "ada@example.com"),
        ("A.d.A+Tag@Example.com", "a.d.a+tag@example.com"), ("Z{|}~@[a.b".replacing("[", with: ""), "z{|}~@a.b"),
        ("^_`@a.b", "^_`@a.b"),
    ])
    func `normalization changes only the case of letters`(text: String, normalized: String) {
        #expect(EmailAddress(text)?.normalized == normalized)
    }

    @Test func `an invalid address in an input is a violation`() throws {
        for (json, code) in [(#""a@b""#, Violation.Code.invalidEmail), ("1", .invalidType), (#""""#, .invalidEmail)] {
            let input = try JSONDocument(parsing: Array(json.utf8)).root
            let violations = #expect(throws: Violations.self) { try EmailAddress(input: input) }
            #expect(violations?.all.map(\.code) == [code])
        }
    }

    @Test func `an address is read from JSON and written to it`() throws {
        let input = try JSONDocument(parsing: Array(#"" Ada@example.com""#.utf8)).root
        let address = try EmailAddress(input: input)
        #expect(String(decoding: address.jsonBytes, as: UTF8.self) == #""Ada@example.com""#)
    }
}
