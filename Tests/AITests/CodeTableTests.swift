import AI
import TestSupport
import Testing

/// What a program may rely on of calls is written down.
@Suite struct CodeTableTests {
    @Test func `the codes in the documentation's table are those that there are`() throws {
        let package = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let command = "grep -oE '^\\| `ai_[a-z_]+`( `ai_[a-z_]+`)*' '\(package)/docs/errors.md' | grep -oE 'ai_[a-z_]+'"
        let outcome = try Subprocess("/bin/sh", ["-c", command], environment: ["PATH": "/usr/bin:/bin"]).finish()

        #expect(outcome.status == 0)
        let documented = Set(outcome.output.split(separator: "\n").map(String.init))
        #expect(documented.sorted() == AIError.Code.allCases.map(\.rawValue).sorted())
    }
}
