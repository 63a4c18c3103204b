/// Scripts of `Tests/Support` that run once.
public enum PythonScript {
    /// Runs a script on an input.
    public static func run(_ script: String, input: [UInt8]) throws -> Subprocess.Outcome {
        let variables = ["PATH": "/usr/local/bin:/usr/bin:/bin"]
        return try Subprocess("python3", [PythonServer.path(of: script)], environment: variables).finish(input)
    }
}
