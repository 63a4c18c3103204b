import Base
import System

/// What a function says about itself on a command line.
enum Help<F: Function> {
    /// What arguments ask for.
    enum Wish {
        /// To answer one event.
        case event
        /// To go on until somebody wants the process to end.
        case forever
    }

    /// Answers `--help` and `--version` and ends the process, as do arguments that make no sense.
    ///
    /// - Returns: What the process is to do otherwise.
    static func answer(_ arguments: [String]) -> Wish {
        switch arguments.first {
        case nil: return .event
        case "--forever" where arguments.count == 1 && F.canRunForever: return .forever
        case "--help" where arguments.count == 1, "-h" where arguments.count == 1: print(text)
        case "--version" where arguments.count == 1: print(version)
        default:
            let others = F.canRunForever ? "--forever, --help and --version" : "--help and --version"
            fail("takes no arguments but \(others); the event comes on standard input")
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
            \(endlessUsage)
            Input:
            \(table(F.Input.schema.fields))

            Output:
            \(table(outputFields))

            """
    }

    private static var endlessUsage: String {
        F.canRunForever ? "       \(F.name) --forever, until SIGTERM or SIGINT\n" : ""
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
