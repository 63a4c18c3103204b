import System

/// How an endpoint was started on a command line.
public struct Command: Sendable {
    /// What the user types to start it, as in `createTeam` or `nofx createTeam`.
    let name: String

    /// How many of the process's arguments are part of the name.
    private let nameArguments: Int

    /// Describes how an endpoint was started.
    ///
    /// - Parameters:
    ///   - name: What the user types to start it.
    ///   - nameArguments: How many of the process's arguments are part of the name.
    public init(_ name: String, nameArguments: Int = 0) {
        self.name = name
        self.nameArguments = nameArguments
    }

    /// The arguments after the name.
    var arguments: [String] { Array(Process.arguments.dropFirst(nameArguments)) }

    /// Writes why the command line is wrong to standard error and ends the process.
    public func fail(_ complaint: String) -> Never {
        try? FileDescriptor.standardError.write(Array("\(name) \(complaint)\n".utf8))
        Process.exit(ExitStatus.usage)
    }

    /// Writes a text to standard output and ends the process.
    public static func print(_ text: String) -> Never {
        do throws(SystemError) {
            try FileDescriptor.standardOutput.write(Array(text.utf8))
        } catch {
            Process.exit(ExitStatus.inputOutput)
        }
        Process.exit(ExitStatus.success)
    }
}
