import Base

/// An address, and the name that people see instead of it: `Acme <invitations@acme.example>`.
struct Mailbox: Sendable {
    private static let names = TextRule(1...100, forbidding: ["<", ">", "\""])

    /// The name; nil where there is only an address.
    let name: String?

    /// Where the mail goes, or comes from.
    let address: EmailAddress

    /// Parses an address alone or behind a name, which needs no quotes; nil for anything else.
    init?(_ text: String) {
        guard text.utf8.last == UInt8(ascii: ">") else {
            guard let address = EmailAddress(text) else { return nil }
            name = nil
            self.address = address
            return
        }
        let parts = text.dropLast().split(separator: "<", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let name = try? Self.names.check(String(parts[0])),
            let address = EmailAddress(String(parts[1]))
        else { return nil }
        self.name = name
        self.address = address
    }

    /// The mailbox as the value of a header (RFC 5322, section 3.4).
    var header: MailHeader {
        guard let name else { return MailHeader(words: [address.text]) }
        // Words of letters and digits are atoms; in encoded words nothing needs quotes.
        let words = name.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        let isPlain = name.utf8.count <= 60 && name.utf8.allSatisfy(\.isPlain) && !words.contains("")
        return MailHeader(words: (isPlain ? words : MailHeader.encodedWords(name)) + ["<\(address.text)>"])
    }
}

extension UInt8 {
    fileprivate var isPlain: Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) || self == UInt8(ascii: " ")
    }
}
