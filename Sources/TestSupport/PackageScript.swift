/// Scripts of the package that a test runs as a developer would.
public enum PackageScript {
    /// Runs a script to its end.
    ///
    /// - Parameters:
    ///   - script: Its path in the package.
    ///   - arguments: What comes after its name on the command line.
    /// - Returns: How it ended and what it wrote.
    /// - Throws: When it could not be started.
    public static func run(_ script: String, _ arguments: [String]) throws -> Subprocess.Outcome {
        let path = PythonServer.path(inPackage: script)
        let variables = ["PATH": "/usr/local/bin:/usr/bin:/bin"]
        return try Subprocess(path, arguments, environment: variables).finish()
    }
}
