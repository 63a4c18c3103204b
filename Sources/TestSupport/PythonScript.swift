/// Runs scripts of `Tests/Support` that process one input.
public enum PythonScript {
    /// Runs a script on an input.
    ///
    /// - Parameters:
    ///   - script: A file in `Tests/Support`.
    ///   - arguments: The arguments of the command line.
    ///   - interpreter: The Python interpreter.
    ///   - input: The standard input of the script.
    /// - Returns: The exit status and the output.
    /// - Throws: An error if the interpreter does not exist.
    public static func run(
        _ script: String,
        _ arguments: [String] = [],
        by interpreter: PythonInterpreter = .system,
        input: [UInt8] = []
    ) throws -> Subprocess.Outcome {
        let variables = ["PATH": "/usr/local/bin:/usr/bin:/bin"]
        let words = [PythonServer.path(of: script)] + arguments
        return try Subprocess(interpreter.program, words, environment: variables).finish(input)
    }
}
