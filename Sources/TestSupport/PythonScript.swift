/// Scripts of `Tests/Support` that run once.
public enum PythonScript {
    /// Runs a script on an input.
    ///
    /// - Parameters:
    ///   - script: A file in `Tests/Support`.
    ///   - arguments: What comes after its name on the command line.
    ///   - interpreter: What runs it, and so which packages it has.
    ///   - input: What it reads from standard input.
    /// - Returns: How it ended and what it wrote.
    /// - Throws: When there is no such interpreter.
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
