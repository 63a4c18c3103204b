/// Scripts of `Tests/Support` that run once.
public enum PythonScript {
    /// Runs a script on an input.
    ///
    /// - Parameters:
    ///   - script: A file in `Tests/Support`.
    ///   - interpreter: What runs it; the distribution's has the distribution's packages.
    ///   - input: What it reads from standard input.
    /// - Returns: How it ended and what it wrote.
    /// - Throws: When there is no such interpreter.
    public static func run(
        _ script: String,
        by interpreter: String = "python3",
        input: [UInt8]
    ) throws -> Subprocess.Outcome {
        let variables = ["PATH": "/usr/local/bin:/usr/bin:/bin"]
        return try Subprocess(interpreter, [PythonServer.path(of: script)], environment: variables).finish(input)
    }
}
