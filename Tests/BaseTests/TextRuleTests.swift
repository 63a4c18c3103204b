import Base
import Testing

struct TextRuleTests {
    let rule = TextRule(2...5, forbidding: ["<", ">"])

    @Test(arguments: [
        ("ab", "ab"), ("  ab\t\n", "ab"), ("\u{A0}ab\u{3000}", "ab"), ("\u{2028}ab\u{2029}", "ab"), ("a b", "a b"),
        ("\u{200D}ab\u{200C}", "ab"), ("Zoë", "Zoë"), ("日本", "日本"), ("👩\u{200D}👩\u{200D}👧", "👩\u{200D}👩\u{200D}👧"),
        ("❤\u{FE0F}", "❤\u{FE0F}"), ("می\u{200C}خ", "می\u{200C}خ"), ("'\"&\\", "'\"&\\"), ("a\u{301}b", "a\u{301}b"),
    ])
    func `printable text is accepted and trimmed`(_ text: String, _ taken: String) throws {
        #expect(try rule.check(text).utf8.elementsEqual(taken.utf8))
    }

    @Test(
        arguments: [
            0, 0x09, 0x0A, 0x1B, 0x3C, 0x3E, 0x7F, 0x85, 0x9F, 0xAD, 0x61C, 0x200B, 0x200E, 0x2028, 0x2029, 0x202A,
            0x202E,
            0x2060, 0x2066, 0x2069, 0x3164, 0xE000, 0xFDD0, 0xFEFF, 0xFFFE, 0xE0041, 0x10FFFF,
        ] as [UInt32]
    )
    func `control, bidirectional and invisible characters are rejected`(_ value: UInt32) throws {
        let scalar = try #require(Unicode.Scalar(value))

        #expect(codes("a\(scalar)b") == [.invalidCharacters])
    }

    @Test func `length is counted in Unicode scalars, after trimming`() {
        #expect(codes("a") == [.tooShort])
        #expect(codes(" a ") == [.tooShort])
        #expect(codes("ééééé") == [])
        #expect(codes("éééééé") == [.tooLong])
        #expect(codes("     abcde     ") == [])
        #expect(codes("a\u{301}a\u{301}a\u{301}") == [.tooLong])
    }

    @Test(arguments: ["", " ", "\u{3000}\n", "\u{200D}\u{200C}"])
    func `an empty text is rejected, unless the rule allows it`(_ text: String) throws {
        #expect(codes(text) == [.tooShort])
        #expect(try TextRule(0...5).check(text) == "")
    }

    @Test func `a text can violate two rules`() {
        #expect(codes("<abcdefg>") == [.tooLong, .invalidCharacters])
    }

    @Test func `line breaks are accepted only in multi-line text`() throws {
        let lines = TextRule(1...20, allowsLines: true)

        #expect(try lines.check("a\n\tb\n") == "a\n\tb")
        #expect(throws: Violations.self) { try lines.check("a\rb") }
        #expect(throws: Violations.self) { try lines.check("a\u{2028}b") }
    }

    @Test func `a rule has a description`() {
        #expect("\(rule)" == "string, 2 to 5 characters")
        #expect("\(TextRule(0...9))" == "string, at most 9 characters")
        #expect("\(TextRule(3...3))" == "string, 3 characters")
    }

    private func codes(_ text: String) -> [Violation.Code] {
        do throws(Violations) {
            _ = try rule.check(text)
            return []
        } catch {
            return error.all.map(\.code)
        }
    }
}
