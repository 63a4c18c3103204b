/// A server from `Tests/Support` that runs in a process of its own while a test needs it.
public struct PythonServer: Sendable {
    /// What the server said when it was ready, word by word; the first is its port.
    public let words: [String]

    /// Where the server listens, on 127.0.0.1.
    public var port: String { words.first ?? "" }

    /// Starts a server, waits until it listens, and ends it when the body is done.
    ///
    /// - Parameters:
    ///   - script: A file in `Tests/Support`.
    ///   - arguments: What comes after its name on the command line.
    ///   - body: Talks to the server.
    /// - Returns: What the body returns.
    /// - Throws: ``Failure`` when the server does not start, else what the body throws.
    public static func run<Output>(
        _ script: String,
        _ arguments: String...,
        body: (PythonServer) throws -> Output
    ) throws -> Output {
        try run(script, arguments, body: body)
    }

    /// The same, with the arguments in an array, and with the Python that has what the script needs.
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

    /// Where a file of `Tests/Support` is.
    static func path(of script: String) -> String { path(inPackage: "Tests/Support/\(script)") }

    /// Where a file of the package is.
    static func path(inPackage path: String) -> String {
        let package = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return "/\(package)/\(path)"
    }

    /// A server that could not be started.
    public struct Failure: Error {
        let call: String
    }
}
