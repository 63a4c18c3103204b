/// Runs scripts of the package as a developer would.
public enum PackageScript {
    /// Runs a script to its end.
    ///
    /// - Parameters:
    ///   - script: Its path in the package.
    ///   - arguments: The arguments of the command line.
    /// - Returns: The exit status and the output.
    /// - Throws: An error if the script could not be started.
    public static func run(_ script: String, _ arguments: [String]) throws -> Subprocess.Outcome {
        let variables = ["PATH": "/usr/local/bin:/usr/bin:/bin"]
        return try Subprocess(path(of: script), arguments, environment: variables).finish()
    }

    /// The absolute path of a file of the package.
    public static func path(of file: String) -> String { PythonServer.path(inPackage: file) }
}
