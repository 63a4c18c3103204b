public import Base
public import Glibc

/// A child process with its input and output.
public struct Subprocess: ~Copyable {
    /// The exit status and the output of a program.
    public struct Outcome: Sendable {
        /// The exit status; 128 plus the signal's number if a signal ended the program.
        public let status: Int32

        /// The standard output.
        public let output: String

        /// The standard error.
        public let errors: String

        /// The bytes of the input that the program had not read when it ended.
        public let unsent: Int
    }

    /// The program could not be started.
    public struct Failure: Error {
        let program: String
        let code: Int32
    }

    public let processID: pid_t

    let input: Int32
    private let output: Int32
    private let errors: Int32

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - program: A path, or a name to look up in `PATH`.
    ///   - arguments: The arguments of the command line.
    ///   - environment: The complete environment.
    /// - Throws: ``Failure`` if the program could not be started.
    public init(_ program: String, _ arguments: [String] = [], environment: [String: String] = [:]) throws {
        var (ours, theirs): ([Int32], [Int32]) = ([], [])
        // `socketpair` sets close-on-exec atomically, so no other child process holds an end open.
        for _ in 0..<3 {
            var ends: [Int32] = [-1, -1]
            guard unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
                throw Failure(program: program, code: errno)
            }
            ours.append(ends[0])
            theirs.append(ends[1])
        }
        defer { theirs.forEach { close($0) } }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        for (number, end) in theirs.enumerated() {
            unsafe posix_spawn_file_actions_adddup2(&actions, end, Int32(number))
        }
        var words = unsafe ([program] + arguments).map { unsafe strdup($0) } + [nil]
        var variables = unsafe environment.map { unsafe strdup("\($0.key)=\($0.value)") } + [nil]
        defer {
            unsafe words.forEach { unsafe free($0) }
            unsafe variables.forEach { unsafe free($0) }
        }
        var child: pid_t = 0
        let code = unsafe withUnblockedSignals { attributes in
            unsafe posix_spawnp(&child, program, &actions, attributes, &words, &variables)
        }
        guard code == 0 else {
            ours.forEach { close($0) }
            throw Failure(program: program, code: code)
        }
        processID = child
        (input, output, errors) = (ours[0], ours[1], ours[2])
    }

    /// Sends a signal.
    public func signal(_ number: Int32) {
        kill(processID, number)
    }

    /// Writes the input, reads all output, and waits for the program's end.
    ///
    /// - Parameters:
    ///   - bytes: The input.
    ///   - endsInput: Whether to close the input afterwards; otherwise it stays open until the program ends.
    ///   - readsOutput: Whether to read the output; otherwise the reading end is closed before any input is written.
    ///   - kill: When to send SIGKILL; nil for never.
    /// - Returns: The exit status and the output.
    public consuming func finish(
        _ bytes: [UInt8] = [],
        endsInput: Bool = true,
        readsOutput: Bool = true,
        killedAt kill: Deadline? = nil
    ) -> Outcome {
        var pending = bytes[...]
        var unsent = 0
        var collected: [Int32: [UInt8]] = [output: [], errors: []]
        var open: Set<Int32> = [output, errors]
        if !readsOutput {
            open.remove(output)
            close(output)
        }
        if pending.isEmpty, endsInput { shutdown(input, Int32(SHUT_WR)) }
        while !open.isEmpty {
            var waiting = open.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            if !pending.isEmpty { waiting.append(pollfd(fd: input, events: Int16(POLLOUT), revents: 0)) }
            if let kill, kill.hasPassed { signal(SIGKILL) }
            _ = unsafe poll(&waiting, nfds_t(waiting.count), Self.milliseconds(until: kill))
            for ready in waiting where ready.revents != 0 {
                if ready.fd == input {
                    let sent = unsafe pending.withUnsafeBytes { bytes in
                        unsafe send(input, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
                    }
                    if sent < 0, errno != EAGAIN { (unsent, pending) = (pending.count, []) }
                    pending = pending.dropFirst(max(sent, 0))
                    if pending.isEmpty, endsInput { shutdown(input, Int32(SHUT_WR)) }
                } else {
                    var buffer = [UInt8](repeating: 0, count: 65_536)
                    let received = unsafe read(ready.fd, &buffer, buffer.count)
                    if received <= 0 {
                        open.remove(ready.fd)
                    } else {
                        collected[ready.fd]?.append(contentsOf: buffer.prefix(received))
                    }
                }
            }
        }
        var status: Int32 = 0
        unsafe waitpid(processID, &status, 0)
        (readsOutput ? [input, output, errors] : [input, errors]).forEach { close($0) }
        return Outcome(
            status: status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F),
            output: String(decoding: collected[output] ?? [], as: UTF8.self),
            errors: String(decoding: collected[errors] ?? [], as: UTF8.self),
            unsent: unsent
        )
    }

    /// The timeout for `poll`, in milliseconds.
    ///
    /// It is rounded down, so the caller spins for the last fraction of a millisecond. After the kill it is one
    /// second.
    private static func milliseconds(until kill: Deadline?) -> Int32 {
        guard let kill else { return -1 }
        return kill.hasPassed ? 1_000 : Int32(clamping: kill.remainingNanoseconds / 1_000_000)
    }

    /// The folder of the programs that were built with the tests.
    public static var buildFolder: String {
        var path = [CChar](repeating: 0, count: 4_096)
        let count = unsafe readlink("/proc/self/exe", &path, path.count)
        let bytes = path.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }
        return String(decoding: bytes[..<(bytes.lastIndex(of: UInt8(ascii: "/")) ?? 0)], as: UTF8.self)
    }
}

/// Attributes of a new process that unblock all signals for it.
///
/// The threads that run tests block signals, and a child process would inherit the mask.
func withUnblockedSignals<Output>(_ body: (UnsafePointer<posix_spawnattr_t>) -> Output) -> Output {
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var noSignals = sigset_t()
    unsafe sigemptyset(&noSignals)
    unsafe posix_spawnattr_setsigmask(&attributes, &noSignals)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    return unsafe withUnsafePointer(to: attributes) { attributes in unsafe body(attributes) }
}
