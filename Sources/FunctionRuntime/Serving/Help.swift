import Base

/// What a function says about itself on a command line.
struct Help<F: Function> {
    /// What arguments ask for.
    enum Wish {
        /// To answer one event.
        case event
        /// The call runs until the process is asked to end.
        case forever
    }

    private let command: Command

    init(_ command: Command) {
        self.command = command
    }

    /// Answers `--help` and `--version` and ends the process, as do arguments that make no sense.
    ///
    /// - Returns: What the process is to do otherwise.
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

    /// Complains about how the program was started and ends the process.
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
