import Base
import Testing

struct JSONSyntaxErrorTests {
    typealias Reason = JSONSyntaxError.Reason

    @Test(arguments: [
        ("", Reason.empty, 0), (" \n", .empty, 2),
        ("[1,]", .trailingComma, 3), (#"{"a":1,}"#, .trailingComma, 7),
        ("[,1]", .unexpectedByte, 1), ("[1 2]", .unexpectedByte, 3), ("{,}", .unexpectedByte, 1),
        ("[1,,2]", .unexpectedByte, 3), (#"{"a"}"#, .unexpectedByte, 4), (#"{"a":}"#, .unexpectedByte, 5),
        ("{a:1}", .unexpectedByte, 1), ("[1}", .unexpectedByte, 2), (#"{"a":1]"#, .unexpectedByte, 6),
        ("]", .unexpectedByte, 0), ("tru_", .unexpectedByte, 3), ("TRUE", .unexpectedByte, 0),
        ("'a'", .unexpectedByte, 0), ("NaN", .unexpectedByte, 0), ("+1", .unexpectedByte, 0),
        (".5", .unexpectedByte, 0),
        ("/**/1", .unexpectedByte, 0), ("\u{A0}1", .unexpectedByte, 0), ("\u{C}1", .unexpectedByte, 0),
        ("\0", .unexpectedByte, 0),
        ("1 1", .trailingData, 2), ("{}{}", .trailingData, 2), ("1,", .trailingData, 1), ("nullx", .trailingData, 4),
        ("[", .unexpectedEnd, 1), ("[1", .unexpectedEnd, 2), ("[1,", .unexpectedEnd, 3), ("{", .unexpectedEnd, 1),
        (#"{"a"#, .unexpectedEnd, 3), (#"{"a""#, .unexpectedEnd, 4), (#"{"a":"#, .unexpectedEnd, 5),
        (#"{"a":1"#, .unexpectedEnd, 6), (#"{"a":1,"#, .unexpectedEnd, 7), ("nul", .unexpectedEnd, 3),
        (#""a"#, .unexpectedEnd, 2), (#""a\"#, .unexpectedEnd, 3), ("-", .unexpectedEnd, 1), ("1.", .unexpectedEnd, 2),
        ("1e", .unexpectedEnd, 2), ("1e+", .unexpectedEnd, 3),
        ("01", .invalidNumber, 0), ("-01", .invalidNumber, 1), ("-a", .invalidNumber, 1), ("[1.]", .invalidNumber, 3),
        ("[1e]", .invalidNumber, 3), ("[1.e1]", .invalidNumber, 3), ("[1e1.5]", .unexpectedByte, 4),
        ("[0x1]", .unexpectedByte, 2),
        (#""\x""#, .invalidEscape, 1), (#""\u12G4""#, .invalidEscape, 1), (#""\u12"#, .invalidEscape, 1),
        (#""\U0041""#, .invalidEscape, 1),
        (#""\uD800""#, .loneSurrogate, 1), (#""\uDC00""#, .loneSurrogate, 1), (#""\uD800\u0041""#, .loneSurrogate, 1),
        (#""\uDC00\uD800""#, .loneSurrogate, 1), (#"{"\uD800x":1}"#, .loneSurrogate, 2),
        (#""a\u0000""#, .nulCharacter, 2), (#"{"\u0000":1}"#, .nulCharacter, 2), ("\"\0\"", .nulCharacter, 1),
        ("\"\n\"", .controlCharacter, 1), ("\"\t\"", .controlCharacter, 1), ("\"\u{1F}\"", .controlCharacter, 1),
        ("\u{FEFF}1", .byteOrderMark, 0),
    ])
    func `a syntax error has a reason and an offset`(_ text: String, _ reason: Reason, _ offset: Int) {
        #expect(throws: JSONSyntaxError(reason, at: offset)) { try JSONDocument(parsing: Array(text.utf8)) }
    }

    @Test(
        arguments: [
            [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x22], [0xE0, 0x9F, 0xBF], [0xE2, 0x82],
            [0xE2, 0x28, 0xA1], [0xE2, 0x82, 0x28], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x8F, 0xBF, 0xBF],
            [0xF0, 0x9F, 0x98], [0xF0, 0x9F, 0x98, 0x28], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF],
            [0xF8, 0x88, 0x80, 0x80, 0x80],
        ] as [[UInt8]]
    )
    func `bytes that are not UTF-8 are rejected`(_ bytes: [UInt8]) {
        for text in [[0x22] + bytes + [0x22], [0x22] + bytes, [0x22, 0x61] + bytes + [0x62, 0x22]] {
            #expect(throws: JSONSyntaxError(.notUTF8, at: text[1] == 0x61 ? 2 : 1)) {
                try JSONDocument(parsing: text)
            }
        }
    }

    @Test func `other encodings are refused`() {
        #expect(throws: JSONSyntaxError(.notUTF8, at: 0)) { try JSONDocument(parsing: [0xFF, 0xFE, 0x31, 0]) }
        #expect(throws: JSONSyntaxError(.notUTF8, at: 0)) { try JSONDocument(parsing: [0xFE, 0xFF, 0, 0x31]) }
        #expect(throws: JSONSyntaxError(.trailingData, at: 1)) { try JSONDocument(parsing: [0x31, 0]) }
    }

    @Test func `all UTF-8 characters except NUL and the two that need escapes may appear unescaped`() throws {
        for value in (0x20...0x10FFFF as ClosedRange<UInt32>) where value % 61 == 0 || value < 0x900 {
            guard let scalar = Unicode.Scalar(value), scalar != "\"", scalar != "\\" else { continue }
            #expect(try JSONDocument(parsing: Array("\"\(scalar)\"".utf8)).root.string?.unicodeScalars.first == scalar)
        }
    }

    @Test func `error descriptions contain nothing of the input`() {
        let error = #expect(throws: JSONSyntaxError.self) {
            try JSONDocument(parsing: Array(#"{"hunter2": 1, "hunter2": 2}"#.utf8))
        }

        #expect(error?.description == "an object has the same key twice at byte 15")
        for reason in Reason.allCases {
            #expect(JSONSyntaxError(reason, at: 3).description.hasSuffix(" at byte 3"))
        }
    }
}
