import System

/// The command line that started an endpoint.
public struct Command: Sendable {
    /// The command that the user types, such as `createTeam` or `nofx createTeam`.
    let name: String

    /// How many of the process's arguments belong to the command's name.
    private let nameArguments: Int

    /// Creates a description of the command.
    ///
    /// - Parameters:
    ///   - name: The command that the user types.
    ///   - nameArguments: How many of the process's arguments belong to the command's name.
    public init(_ name: String, nameArguments: Int = 0) {
        self.name = name
        self.nameArguments = nameArguments
    }

    /// The arguments after the name.
    var arguments: [String] { Array(Process.arguments.dropFirst(nameArguments)) }

    /// Writes an error about the command line to standard error and ends the process.
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
