import Glibc

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
        let (near, far) = try openSocketPair()
        let child: pid_t
        do {
            defer { close(far) }
            child = try spawn([interpreter.program, path] + arguments, standardStreams: far)
        }
        defer {
            // The end of its input is the server's sign to end.
            close(near)
            waitpid(child, nil, 0)
        }
        let words = readLine(from: near).split(separator: " ").map(String.init)
        guard !words.isEmpty else { throw Failure(call: script) }
        return try body(PythonServer(words: words))
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

    /// Makes two connected sockets that other children do not inherit.
    ///
    /// Otherwise another test's server would keep this one's input open. A pair of sockets
    /// is born that way; a pipe would be for a moment what another thread's child inherits.
    private static func openSocketPair() throws -> (near: Int32, far: Int32) {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard unsafe socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw Failure(call: "socketpair") }
        return (ends[0], ends[1])
    }

    private static func spawn(_ command: [String], standardStreams: Int32) throws -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, standardStreams, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, standardStreams, 1)
        var arguments = unsafe command.map { unsafe strdup($0) } + [nil]
        defer { unsafe arguments.forEach { unsafe free($0) } }
        var child: pid_t = 0
        guard unsafe posix_spawnp(&child, command[0], &actions, nil, &arguments, environ) == 0 else {
            throw Failure(call: command[0])
        }
        return child
    }

    private static func readLine(from descriptor: Int32) -> String {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while unsafe read(descriptor, &byte, 1) == 1, byte != UInt8(ascii: "\n") {
            line.append(byte)
        }
        return String(decoding: line, as: UTF8.self)
    }
}
