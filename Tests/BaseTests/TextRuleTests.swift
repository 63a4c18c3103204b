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

    @Test(
        arguments: [
            "1\u{FE0F}\u{20E3}", "☎\u{FE0E}x", "❤\u{FE0F}\u{200D}🔥", "👩🏽\u{200D}🚀", "🏴\u{200D}☠\u{FE0F}",
            "क\u{94D}\u{200D}ष",
            "क\u{94D}\u{200C}ष", "葛\u{E0100}x", "ᠠ\u{180B}ᠠ", "≨\u{FE00}x", "नि", "กำ", "é\u{301}", "٠١", "..",
            "🏳\u{FE0F}\u{200D}🌈",
        ]
    )
    func `joiners and selectors that change the form of a character are accepted`(_ text: String) throws {
        #expect(try rule.check(text).utf8.elementsEqual(text.utf8))
    }

    @Test(
        arguments: [
            "\u{FE0F}\u{FE0F}", "\u{2800}\u{2800}", "a\u{2800}b", "\u{301}\u{301}", "\u{301}ab", "dup\u{FE0F}",
            "a\u{FE0F}b",
            "1\u{FE0F}a", "ab1\u{FE0F}", "❤\u{FE0F}\u{FE0F}", "❤\u{FE0F}\u{FE0E}", "a\u{E0100}b", "葛\u{E0100}\u{E0101}",
            "a\u{180B}b",
            "a\u{200D}b", "a\u{200C}b", "क\u{200D}\u{200D}ष", "👩\u{200D}\u{200D}👩", "👩\u{200C}👩", "👩\u{200D}a",
            "a\u{200D}👩",
            "a\u{115F}b", "a\u{1160}b", "a\u{3164}b", "a\u{FFA0}b", "a\u{34F}b", "a\u{17B4}b", "a\u{E0061}b",
            "a\u{1D159}b",
            "a\u{13441}b", "a\u{16FE4}b", "a\u{FFFC}b", "a\u{1D173}b", "a\u{180E}b", "a\u{2064}b", "a\u{FFF9}b",
            "a \u{FE0F}",
            "\u{903}\u{903}", "\u{20E3}\u{20E3}", "\u{FE00}a", "é\u{FE0F}",
        ]
    )
    func `a text has no hidden data, and something to see`(_ text: String) {
        #expect(codes(text) == [.invalidCharacters])
    }

    @Test func `a long payload behind one letter is refused`() {
        let selectors = (0xE0100...0xE0161 as ClosedRange<UInt32>).compactMap(Unicode.Scalar.init)
        #expect(throws: Violations.self) { try TextRule(2...100).check("A" + selectors.map(String.init).joined()) }
        #expect(throws: Violations.self) {
            try TextRule(2...100).check("A" + String(repeating: "\u{FE0F}", count: 98))
        }
    }

    @Test func `lengths are counted in Unicode scalars, after trimming`() {
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
