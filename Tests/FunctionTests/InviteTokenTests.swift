import Base
import Teams
import TestSupport
import Testing

struct InviteTokenTests {
    private func token(_ json: String) throws -> InviteToken {
        try InviteToken(input: JSONDocument(parsing: Array(json.utf8)).root)
    }

    // Cases: teams 84
    @Test func `a token has 32 random bytes, and printing does not show it`() throws {
        let tokens = (0..<100).map { _ in InviteToken.make() }

        #expect(Set(tokens.map(\.text)).count == 100)
        for made in tokens {
            #expect(made.text.hasPrefix("nofxi_") && made.text.utf8.count == 49)
            #expect(try token("\"\(made.text)\"").hash == made.hash)
            #expect("\(made)\(String(reflecting: made))\([made])".contains(made.text.dropFirst(6)) == false)
        }
    }

    @Test func `the hash is SHA-256 of the text`() throws {
        let made = try token(#""nofxi_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA""#)

        #expect(Hexadecimal.encode(made.hash) == "b4ecb515f812392592880cb5c25078c7e06fae76d78b1cfd2c8d603732d7658f")
    }

    // Cases: teams 89
    @Test(arguments: [
        "", "nofxi_", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "nofxi_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "nofxi_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "NOFXI_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "nofxi_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB", "nofxi_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+A",
        "nofxi_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "nofxi_ AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "nofxi_\\u212AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "nofxi_AAAA",
    ])
    func `a text without the form of a token is rejected`(text: String) throws {
        let violations = #expect(throws: Violations.self) { try token("\"\(text)\"") }
        #expect(violations?.all.map(\.code) == [.invalidFormat])
        #expect(violations?.all.first?.detail.contains("AAAA") == false)
    }

    // Cases: teams 89
    @Test func `a very long text is rejected`() {
        let violations = #expect(throws: Violations.self) { try token("\"\(String(repeating: "A", count: 100_000))\"") }
        #expect(violations?.all.map(\.code) == [.invalidFormat])
    }

    @Test func `a number is rejected`() {
        let violations = #expect(throws: Violations.self) { try token("1") }
        #expect(violations?.all.map(\.code) == [.invalidType])
    }

    @Test func `surrounding white space is removed`() throws {
        let made = InviteToken.make()
        #expect(try token("\" \(made.text)\\n\"").hash == made.hash)
    }
}
