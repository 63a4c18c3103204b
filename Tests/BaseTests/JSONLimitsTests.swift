import Base
import Testing

struct JSONLimitsTests {
    @Test func `nesting is accepted up to its limit`() throws {
        #expect(throws: Never.self) { try JSONDocument(parsing: nested(32)) }
        #expect(throws: JSONSyntaxError(.tooDeep, at: 32)) { try JSONDocument(parsing: nested(33)) }
    }

    @Test func `nesting counts levels, not containers`() throws {
        let wide = Array("[\([String](repeating: "[[]]", count: 100).joined(separator: ","))]".utf8)

        #expect(throws: Never.self) { try JSONDocument(parsing: wide, limits: JSONLimits(bytes: 1_000, depth: 3)) }
        #expect(throws: JSONSyntaxError(.tooDeep, at: 2)) {
            try JSONDocument(parsing: wide, limits: JSONLimits(bytes: 1_000, depth: 2))
        }
    }

    @Test(arguments: [10_000, 500_000])
    func `deep nesting does not exhaust the stack`(_ depth: Int) throws {
        #expect(throws: JSONSyntaxError(.tooDeep, at: 32)) { try JSONDocument(parsing: nested(depth)) }

        let document = try JSONDocument(parsing: nested(depth), limits: JSONLimits(bytes: 1 << 20, depth: depth))

        #expect(document.root.count == 1)
        #expect(document.root.hasOnlyStorableNumbers)
        #expect(document.root.text.bytes.count == 2 * depth)
    }

    @Test func `text is accepted up to its limit`() throws {
        let text = Array("[1,2]".utf8)

        #expect(throws: Never.self) { try JSONDocument(parsing: text, limits: JSONLimits(bytes: 5, depth: 1)) }
        #expect(throws: JSONSyntaxError(.tooLarge, at: 4)) {
            try JSONDocument(parsing: text, limits: JSONLimits(bytes: 4, depth: 1))
        }
    }

    @Test func `an event has at most 1 MiB and 32 levels`() {
        #expect(JSONLimits.event == JSONLimits(bytes: 1_048_576, depth: 32))
    }

    private func nested(_ depth: Int) -> [UInt8] {
        [UInt8](repeating: UInt8(ascii: "["), count: depth) + [UInt8](repeating: UInt8(ascii: "]"), count: depth)
    }
}
