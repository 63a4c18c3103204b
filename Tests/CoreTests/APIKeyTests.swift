import Base
import Cryptography
import Testing

@testable import Core

struct APIKeyTests {
    /// A key composed by hand, with zlib's checksum.
    private let known = "nofx_test_0123456789ab_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg1U8r6m"

    @Test func `a key composed by hand is read`() throws {
        let key = try APIKey(known, for: .test)

        #expect(key.id.rawValue == "0123456789ab")
        #expect(key.environment == .test)
        #expect(key.secretHash == SHA256.digest(Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg".utf8)))
        #expect(key.text == known)
    }

    @Test(arguments: KeyEnvironment.allCases)
    func `a key is accepted only in its own environment`(environment: KeyEnvironment) throws {
        let key = APIKey.make(for: environment)
        let read = try APIKey(key.text, for: environment)

        #expect(read.id == key.id)
        #expect(read.secretHash == key.secretHash)
        #expect(key.text.utf8.count == 72)
        #expect(key.text.hasPrefix("\(environment.prefix(of: key.id))_"))
        #expect(refusal(of: key.text, for: environment == .live ? .test : .live) == .otherEnvironment)
    }

    @Test func `generated keys have nothing in common`() {
        let keys = (0..<1_000).map { _ in APIKey.make(for: .live) }

        #expect(Set(keys.map(\.id)).count == 1_000)
        #expect(Set(keys.map(\.secretHash)).count == 1_000)
    }

    @Test func `a change of any single character is detected`() {
        let bytes = Array(known.utf8)
        for position in bytes.indices {
            for byte in UInt8(0x20)...0x7E where byte != bytes[position] {
                var changed = bytes
                changed[position] = byte
                let text = String(decoding: changed, as: UTF8.self)
                #expect(refusal(of: text, for: .test) != nil, "\(text)")
            }
        }
    }

    @Test func `an extra, missing or swapped character is detected`() {
        let bytes = Array(known.utf8)
        for position in bytes.indices {
            var (longer, shorter, swapped) = (bytes, bytes, bytes)
            longer.insert(bytes[position], at: position)
            shorter.remove(at: position)
            for text in [longer, shorter] {
                #expect(refusal(of: String(decoding: text, as: UTF8.self), for: .test) == .malformed)
            }
            swapped.swapAt(position, (position + 1) % bytes.count)
            if swapped != bytes {
                #expect(refusal(of: String(decoding: swapped, as: UTF8.self), for: .test) != nil)
            }
        }
    }

    @Test(arguments: [
        "", " ", "nofx_", "nofx_live___", "nofx_test_0123456789ab", "null", "nofx_test_0123456789ab_",
        " nofx_test_0123456789ab_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg1U8r6m",
        "nofx_test_0123456789ab_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg1U8r6m\n",
        "nofx_test_0123456789ab_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg_1U8r6m",
        "NOFX_TEST_0123456789ab_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg1U8r6m",
        "nofx_prod_0123456789ab_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg1U8r6m",
        "nofx_te\u{73}\u{301}t_0123456789ab_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg1U8r6m",
        "nofx_test_\u{FF10}123456789ab_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg1U8r6m",
        "eyJhbGciOiJIUzI1NiJ9.e30.AAAA",
    ])
    func `a text without the form of a key is rejected`(text: String) {
        #expect(refusal(of: text, for: .test) == .malformed)
    }

    @Test func `a very long text is rejected`() {
        #expect(refusal(of: String(repeating: "_", count: 1_000_000), for: .live) == .malformed)
        #expect(refusal(of: known + String(repeating: "x", count: 1_000_000), for: .test) == .malformed)
    }

    @Test func `the printed form of a key omits its secret`() {
        let key = APIKey.make(for: .live)
        var dumped = ""
        dump(key, to: &dumped)
        let secret = key.text.suffix(49).prefix(43)

        for shown in ["\(key)", String(reflecting: key), dumped] { #expect(!shown.contains(secret)) }
    }

    @Test(arguments: ["0123456789a", "0123456789abc", "", "0123456789a_", "0123456789a\u{E9}", "0123456789a "])
    func `an id has twelve digits and letters`(text: String) {
        #expect(KeyID(text) == nil)
        #expect(throws: Violations.self) { try KeyID(input: JSONDocument(parsing: text.jsonBytes).root) }
    }

    private func refusal(of text: String, for environment: KeyEnvironment) -> APIKey.Refusal? {
        do throws(APIKey.Refusal) {
            _ = try APIKey(text, for: environment)
            return nil
        } catch {
            return error
        }
    }
}
