import AI
import TestSupport
import Testing

/// The documented error codes.
@Suite struct CodeTableTests {
    @Test func `the table of error codes in the documentation matches the code`() throws {
        let package = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let command = "grep -oE '^\\| `ai_[a-z_]+`( `ai_[a-z_]+`)*' '\(package)/docs/errors.md' | grep -oE 'ai_[a-z_]+'"
        let outcome = try Subprocess("/bin/sh", ["-c", command], environment: ["PATH": "/usr/bin:/bin"]).finish()

        #expect(outcome.status == 0)
        let documented = Set(outcome.output.split(separator: "\n").map(String.init))
        #expect(documented.sorted() == AIError.Code.allCases.map(\.rawValue).sorted())
    }
}
