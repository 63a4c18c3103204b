import Base
import System

/// What a function says about itself on a command line.
enum Help<F: Function> {
    /// Answers `--help` and `--version` and ends the process; goes on when there are no arguments.
    static func answer(_ arguments: [String]) {
        switch arguments.first {
        case nil: return
        case "--help" where arguments.count == 1, "-h" where arguments.count == 1: print(text)
        case "--version" where arguments.count == 1: print(version)
        default: fail("takes no arguments but --help and --version; the event comes on standard input")
        }
    }

    /// Complains about how the program was started and ends the process.
    static func fail(_ complaint: String) -> Never {
        try? FileDescriptor.standardError.write(Array("\(F.name) \(complaint)\n".utf8))
        Process.exit(ExitStatus.usage)
    }

    private static var text: String {
        let needed = F.access == .authenticated ? "Needs a credential." : "For operators; needs no credential."
        return """
            \(F.name): \(F.summary) \(needed)

            Usage: \(F.name) < event.json

            Input:
            \(table(F.Input.schema.fields))

            Output:
            \(table(outputFields))

            """
    }

    private static var outputFields: [FieldDescription] {
        (F.Output.self as? any OutputObject.Type)?.descriptions ?? []
    }

    private static func table(_ fields: [FieldDescription]) -> String {
        fields.isEmpty ? "  (none)" : fields.map { "  \($0)" }.joined(separator: "\n")
    }

    private static var version: String {
        """
        \(F.name) \(Version.product)
        libpq \(Version.libpq)
        libcurl \(Version.libcurl)
        OpenSSL \(Version.openSSL)

        """
    }

    private static func print(_ text: String) -> Never {
        do throws(SystemError) {
            try FileDescriptor.standardOutput.write(Array(text.utf8))
        } catch {
            Process.exit(ExitStatus.inputOutput)
        }
        Process.exit(ExitStatus.success)
    }
}

extension OutputObject {
    fileprivate static var descriptions: [FieldDescription] { fields.map(\.description) }
}
