import Base

/// The value of a header: words that a line may end between (RFC 5322, section 2.2.3).
struct MailHeader {
    /// Printable ASCII without spaces, none of them near the limit of a line.
    private let words: [String]

    init(words: [String]) {
        self.words = words
    }

    /// A text for people: as it is where it is simple, in encoded words otherwise (RFC 2047).
    init(text: String) {
        // What looks like an encoded word would be decoded, and spaces at an end or in a row could get lost.
        let isSimple =
            text.utf8.count <= 60 && text.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "=") }
        let words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        let isKept = isSimple && !words.contains("")
        self.words = isKept ? words : Self.encodedWords(text)
    }

    /// The header's lines, folded to the 76 characters that RFC 2047 asks for where encoded words are, with CRLF.
    func lines(named name: StaticString) -> String {
        var text = "\(name):"
        var length = text.utf8.count
        for word in words {
            let isLong = length + 1 + word.utf8.count > 76 && length > name.utf8CodeUnitCount + 1
            text += isLong ? "\r\n \(word)" : " \(word)"
            length = (isLong ? 0 : length) + 1 + word.utf8.count
        }
        return text + "\r\n"
    }

    /// A text in words of base64, each of whole characters and at most 64 long.
    static func encodedWords(_ text: String) -> [String] {
        var words: [String] = []
        var bytes: [UInt8] = []
        for scalar in text.unicodeScalars {
            let next = Array(UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            if bytes.count + next.count > 39 {
                words.append(encodedWord(bytes))
                bytes = []
            }
            bytes += next
        }
        return words + [encodedWord(bytes)]
    }

    private static func encodedWord(_ bytes: [UInt8]) -> String { "=?utf-8?B?\(Base64.encode(bytes))?=" }
}
