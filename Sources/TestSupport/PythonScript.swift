/// Scripts of `Tests/Support` that run once.
public enum PythonScript {
    /// Runs a script on an input.
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
