/// A server script of `Tests/Support` that runs in its own process for the duration of a test.
public struct PythonServer: Sendable {
    /// The words of the line that the server printed when it was ready; the first is its port.
    public let words: [String]

    /// The port on 127.0.0.1.
    public var port: String { words.first ?? "" }

    /// Starts a server, waits until it listens, and ends it after the body.
    ///
    /// - Parameters:
    ///   - script: A file in `Tests/Support`.
    ///   - arguments: The arguments of the command line.
    ///   - body: Uses the server.
    /// - Returns: The result of the body.
    /// - Throws: ``Failure`` if the server does not start, or the error of the body.
    public static func run<Output>(
        _ script: String,
        _ arguments: String...,
        body: (PythonServer) throws -> Output
    ) throws -> Output {
        try run(script, arguments, body: body)
    }

    /// The same with an array of arguments, and with the interpreter that has the packages of the script.
    public static func run<Output>(
        _ script: String,
        _ arguments: [String],
        by interpreter: PythonInterpreter = .system,
        body: (PythonServer) throws -> Output
    ) throws -> Output {
        let path = path(of: script)
        let process = try LineProcess([interpreter.program, path] + arguments)
        let words = process.readLine().split(separator: " ").map(String.init)
        guard !words.isEmpty else { throw Failure(call: script) }
        return try withExtendedLifetime(process) { try body(PythonServer(words: words)) }
    }

    /// The path of a file in `Tests/Support`.
    static func path(of script: String) -> String { path(inPackage: "Tests/Support/\(script)") }

    /// The path of a file in the package.
    static func path(inPackage path: String) -> String {
        let package = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return "/\(package)/\(path)"
    }

    /// The server could not be started.
    public struct Failure: Error {
        let call: String
    }
}
