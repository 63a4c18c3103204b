import TestSupport
import Testing

@testable import Teams

/// The documented problem codes.
struct ProblemCodeTests {
    // Cases: teams 154
    @Test func `the documented problem codes match the code`() throws {
        let documented = try output(
            of: "grep -oE '^[|] [45][0-9]+ [|] `[a-z_]+`' docs/errors.md | grep -o '`[a-z_]*`' | tr -d '`' | sort -u"
        )
        // Every problem is constructed with its status next to its code.
        let made = try output(
            of: """
                grep -rhoPz '\\bstatus: [45]\\d\\d,\\s+code: "[a-z_]+"' --include='*.swift' --exclude-dir=TestSupport \
                    Sources Functions Database | tr '\\0' '\\n' | grep -o '"[a-z_]*"' | tr -d '"'
                """
        )
        // The status of an invite is part of its code.
        let decided = InviteStatus.allCases.filter { $0 != .pending }.map { "invite_\($0)" }
        #expect(made.count > 50)
        #expect(documented.sorted() == Set(made + decided).sorted())
    }

    /// The output lines of a command that runs in the package's folder.
    private func output(of command: String) throws -> [String] {
        let package = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let outcome = try Subprocess(
            "/bin/sh",
            ["-c", "cd '\(package)' && \(command)"],
            environment: ["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"]
        ).finish()
        #expect(outcome.status == 0, "\(outcome)")
        return outcome.output.split(separator: "\n").map(String.init)
    }
}
