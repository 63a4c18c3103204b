import Glibc

/// A child process that reads and writes lines over one pair of sockets.
final class LineProcess: Sendable {
    private let stream: Int32
    let child: pid_t

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - command: The program's path, or its name in `PATH`, and its arguments.
    ///   - environment: The complete environment; nil for the environment of the tests.
    /// - Throws: ``PythonServer/Failure`` if the program cannot be started.
    init(_ command: [String], environment: [String: String]? = nil) throws {
        let (near, far) = try Self.openSocketPair()
        defer { close(far) }
        do {
            child = try Self.spawn(command, environment: environment, standardStreams: far)
        } catch {
            close(near)
            throw error
        }
        stream = near
    }

    deinit {
        // The program ends when its input ends.
        close(stream)
        waitpid(child, nil, 0)
    }

    /// Writes a line; false if the program has ended.
    func write(_ line: String) -> Bool {
        let bytes = Array("\(line)\n".utf8)
        return unsafe send(stream, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    /// Waits for a line; empty if the program has ended.
    func readLine() -> String {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while unsafe read(stream, &byte, 1) == 1, byte != UInt8(ascii: "\n") {
            line.append(byte)
        }
        return String(decoding: line, as: UTF8.self)
    }

    /// Ends the program's input.
    func endInput() {
        shutdown(stream, Int32(SHUT_WR))
    }

    /// Makes two connected sockets that other child processes do not inherit.
    ///
    /// If the child process of another test inherited this socket, it would keep this program's input open.
    /// `socketpair` sets close-on-exec atomically. `pipe` would leave a moment in which another thread's child
    /// inherits it.
    private static func openSocketPair() throws -> (near: Int32, far: Int32) {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard unsafe socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw PythonServer.Failure(call: "socketpair") }
        return (ends[0], ends[1])
    }

    private static func spawn(
        _ command: [String],
        environment: [String: String]?,
        standardStreams: Int32
    ) throws -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, standardStreams, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, standardStreams, 1)
        var arguments = unsafe command.map { unsafe strdup($0) } + [nil]
        var variables = unsafe (environment ?? [:]).map { unsafe strdup("\($0.key)=\($0.value)") } + [nil]
        defer {
            unsafe arguments.forEach { unsafe free($0) }
            unsafe variables.forEach { unsafe free($0) }
        }
        var child: pid_t = 0
        let code = unsafe variables.withUnsafeMutableBufferPointer { variables in
            unsafe withUnblockedSignals { attributes in
                unsafe posix_spawnp(
                    &child,
                    command[0],
                    &actions,
                    attributes,
                    &arguments,
                    environment == nil ? environ : variables.baseAddress
                )
            }
        }
        guard code == 0 else { throw PythonServer.Failure(call: command[0]) }
        return child
    }
}
