import Base
import Testing

struct JSONFuzzTests {
    @Test func `generated documents are read as generated`() throws {
        var source = JSONGenerator(seed: 1)
        for _ in 0..<2_000 {
            let meant = source.value(depth: 5)
            let document = try JSONDocument(parsing: source.text(of: meant))

            #expect(GeneratedJSON(document.root) == meant)
        }
    }

    @Test func `a truncated document is rejected`() throws {
        var source = JSONGenerator(seed: 2)
        for _ in 0..<200 {
            let text = source.text(of: .array([source.value(depth: 3)]))
            for count in 0..<(text.lastIndex(of: UInt8(ascii: "]")) ?? 0) {
                #expect(throws: JSONSyntaxError.self) { try JSONDocument(parsing: Array(text.prefix(count))) }
            }
        }
    }

    @Test(.enabled(if: JSONPython.isAvailable, "python3 is not installed"))
    func `the reader and Python accept the same documents`() throws {
        var source = JSONGenerator(seed: 3)
        let names = try JSONTestSuiteFiles.names("y_") + JSONTestSuiteFiles.names("i_")
        let suite = try names.map { try JSONTestSuiteFiles.read($0) }
        var documents: [[UInt8]] = []
        for round in 0..<6_000 {
            let document =
                round % 3 == 0 ? suite[source.number(below: suite.count)] : source.text(of: source.value(depth: 4))
            documents.append(source.mutated(document))
        }

        let lines = try JSONPython.compare(documents)
        let counts = try #require(lines.last).split(separator: " ").compactMap { Int($0) }

        #expect(lines.count == 1, "\(lines.prefix(5))")
        #expect(counts.reduce(0, +) == documents.count)
        #expect(counts.allSatisfy { $0 > 1_000 })
    }
}
