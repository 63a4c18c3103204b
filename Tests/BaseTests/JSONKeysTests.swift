import Base
import Testing

struct JSONKeysTests {
    @Test(arguments: [
        (#"{"a":1,"a":2}"#, 7), (#"{"a":1,"\u0061":2}"#, 7), (#"{"\u0061":1,"a":2}"#, 12),
        (#"{"":1,"":2}"#, 6), (#"{"\/":1,"/":1}"#, 8), (#"{"\u00e9":1,"é":2}"#, 12),
        (#"{"\uD83D\uDE00":1,"😀":2}"#, 18), (#"[{"b":{"a":1,"c":{"a":1},"a":1}}]"#, 25),
    ])
    func `a duplicate key is rejected at its second place`(_ text: String, _ offset: Int) {
        #expect(throws: JSONSyntaxError(.duplicateKey, at: offset)) { try JSONDocument(parsing: Array(text.utf8)) }
    }

    @Test(arguments: [
        #"{"a":{"a":{"a":1}}}"#, #"[{"a":1},{"a":1}]"#, #"{"a":"a","b":"a"}"#, #"{"a":1,"A":1}"#, #"{"a":1,"a ":1}"#,
        #"{"\u00e9":1,"e\u0301":1}"#, #"{"\u004B":1,"\u212A":1}"#, #"{"ab":1,"a":1,"abc":1}"#,
    ])
    func `keys that only look alike are different`(_ text: String) {
        #expect(throws: Never.self) { try JSONDocument(parsing: Array(text.utf8)) }
    }

    @Test(arguments: [2, 15, 16, 17, 18, 100, 20_000])
    func `duplicate keys are found in objects of all sizes`(_ count: Int) throws {
        let keys = (0..<count).map { "key\($0)" }

        #expect(try JSONDocument(parsing: object(keys)).root.count == count)
        for twice in [0, count / 2, count - 1] {
            let repeated = object(keys + ["key\(twice)"])
            let escaped = object(keys + ["\\u006bey\(twice)"])
            #expect(throws: JSONSyntaxError(.duplicateKey, at: object(keys).count)) {
                try JSONDocument(parsing: repeated)
            }
            #expect(throws: JSONSyntaxError(.duplicateKey, at: object(keys).count)) {
                try JSONDocument(parsing: escaped)
            }
        }
    }

    @Test func `keys with a common prefix and equal length are distinguished in large objects`() throws {
        let keys = (0..<64).map { String(repeating: "x", count: 7 + $0 % 2) + ($0 % 4 < 2 ? "a" : "\\u0062") + "\($0)" }

        #expect(try JSONDocument(parsing: object(keys)).root.count == 64)
    }

    private func object(_ keys: [String]) -> [UInt8] {
        Array("{\(keys.map { #""\#($0)":[{}]"# }.joined(separator: ","))}".utf8)
    }
}
