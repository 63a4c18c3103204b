import Base

/// The command-line help of a function.
struct Help<F: Function> {
    /// The mode that the arguments select.
    enum Wish {
        /// Handle one event.
        case event
        /// Run the call until the process is terminated.
        case forever
    }

    private let command: Command

    init(_ command: Command) {
        self.command = command
    }

    /// Handles `--help`, `--version` and invalid arguments, each of which ends the process.
    ///
    /// - Returns: The mode for all other arguments.
    func answer() -> Wish {
        let arguments = command.arguments
        switch arguments.first {
        case nil: return .event
        case "--forever" where arguments.count == 1 && F.canRunForever: return .forever
        case "--help" where arguments.count == 1, "-h" where arguments.count == 1: Command.print(text)
        case "--version" where arguments.count == 1: Command.print(Version.text(of: F.name))
        default:
            let others = F.canRunForever ? "--forever, --help and --version" : "--help and --version"
            fail("takes no arguments but \(others); the event comes on standard input")
        }
    }

    /// Reports an invalid command line and ends the process.
    func fail(_ complaint: String) -> Never {
        command.fail(complaint)
    }

    private var text: String {
        let needed =
            switch F.access {
            case .anyone: "Needs no credential."
            case .authenticated: "Needs a credential."
            case .operatorOnly: "For operators; needs no credential."
            }
        return """
            \(F.name): \(F.summary) \(needed)

            Usage: \(command.name) < event.json
            \(endlessUsage)
            Input:
            \(table(F.Input.inputShape.fields))

            Output:
            \(table(F.Output.outputShape.fields))

            """
    }

    private var endlessUsage: String {
        F.canRunForever ? "       \(command.name) --forever, until SIGTERM or SIGINT\n" : ""
    }

    private func table(_ fields: [FieldDescription]) -> String {
        fields.isEmpty ? "  (none)" : fields.flatMap { $0.lines(indentation: "  ") }.joined(separator: "\n")
    }
}
