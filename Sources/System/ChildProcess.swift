import CSystem
import Glibc

/// A child process that reads its input from a pipe and ends with an exit status.
///
/// The child inherits no descriptor except its standard input. Its standard output and standard error are discarded,
/// because this process uses its own standard output for the response and its standard error for the log. The child
/// leads its own process group, so that its descendants can be killed with it. Destroying this value kills the child.
public struct ChildProcess: ~Copyable {
    /// How the child ended.
    public enum Ending: Hashable, Sendable {
        /// The child exited with this status.
        case exited(Int32)
        /// A signal that this process did not send ended the child; the value is the signal's number.
        case signaled(Int32)
        /// This process killed the child because the timeout expired.
        case timedOut
    }

    private let processID: pid_t
    private var input: Int32
    /// A descriptor that becomes readable when the child has ended.
    private let end: Int32

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - program: The path of the executable. No `PATH` search and no shell are involved.
    ///   - arguments: The arguments after the program's name.
    ///   - environment: The complete environment of the child.
    /// - Throws: ``SystemError`` if the program cannot be started.
    public init(
        _ program: String,
        _ arguments: [String],
        environment: [(name: String, value: String)]
    ) throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        // `O_CLOEXEC` is set on creation. Otherwise a child that another thread starts could inherit the pipe and keep
        // it open.
        guard pipe2(&ends, O_CLOEXEC) == 0 else { throw SystemError("pipe2") }
        defer { close(ends[0]) }
        _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
        let child: pid_t
        do throws(SystemError) {
            child = try Self.spawn(program, arguments, environment, input: ends[0])
        } catch {
            close(ends[1])
            throw error
        }
        let end = pidfd_open(child, 0)
        guard end >= 0 else {
            let error = SystemError("pidfd_open")
            close(ends[1])
            Self.kill(child)
            throw error
        }
        (processID, input, self.end) = (child, ends[1], end)
    }

    deinit {
        if input >= 0 { close(input) }
        close(end)
        Self.kill(processID)
    }

    /// Writes the input to the child and waits for the child to end.
    ///
    /// Kills the child when the timeout expires.
    ///
    /// The calling process must ignore SIGPIPE (``Process/ignoreBrokenPipes()``), because the child may exit without
    /// reading its input.
    ///
    /// - Parameters:
    ///   - bytes: The complete input.
    ///   - timeoutNanoseconds: Returns the time left in nanoseconds; zero means that the timeout has expired.
    /// - Returns: How the child ended.
    /// - Throws: ``SystemError`` if waiting for the child fails. The child is killed in that case.
    public consuming func finish(
        _ bytes: [UInt8],
        timeoutNanoseconds: () -> UInt64
    ) throws(SystemError) -> Ending {
        let (input, end, processID) = (self.input, self.end, self.processID)
        discard self
        defer { close(end) }
        do throws(SystemError) {
            guard try Self.feed(bytes, to: input, until: end, timeoutNanoseconds) else {
                Self.kill(processID)
                return .timedOut
            }
        } catch {
            Self.kill(processID)
            throw error
        }
        return try Self.reap(processID)
    }
}

extension ChildProcess {
    /// Writes the input and waits for the child to end.
    ///
    /// - Returns: Whether the child ended before the timeout.
    private static func feed(
        _ bytes: [UInt8],
        to input: Int32,
        until end: Int32,
        _ timeoutNanoseconds: () -> UInt64
    ) throws(SystemError) -> Bool {
        var rest = bytes[...]
        var isOpen = true
        defer { if isOpen { close(input) } }
        while true {
            if isOpen, rest.isEmpty {
                close(input)
                isOpen = false
            }
            // `poll` ignores a negative descriptor.
            var waiting = [
                pollfd(fd: end, events: Int16(POLLIN), revents: 0),
                pollfd(fd: isOpen ? input : -1, events: Int16(POLLOUT), revents: 0),
            ]
            let time = timeoutNanoseconds()
            guard time > 0 else { return false }
            let ready = poll(&waiting, 2, Int32(clamping: time / 1_000_000 + 1))
            if ready < 0, errno != EINTR { throw SystemError("poll") }
            if ready > 0, waiting[0].revents != 0 { return true }
            guard ready > 0, waiting[1].revents != 0 else { continue }
            let written = rest.withUnsafeBytes { write(input, $0.baseAddress, $0.count) }
            if written >= 0 {
                rest = rest.dropFirst(written)
            } else if errno != EAGAIN, errno != EINTR {
                // The child closed its input. Its exit status will show whether that is a failure.
                rest = []
            }
        }
    }

    private static func reap(_ processID: pid_t) throws(SystemError) -> Ending {
        var status: Int32 = 0
        while waitpid(processID, &status, 0) < 0 {
            guard errno == EINTR else { throw SystemError("waitpid") }
        }
        return status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .signaled(status & 0x7F)
    }

    private static func kill(_ processID: pid_t) {
        _ = Glibc.kill(-processID, SIGKILL)
        // The kill can fail if the child moved to another process group or changed its user. Then a blocking wait could
        // hang.
        let isKilled = Glibc.kill(processID, SIGKILL) == 0
        var status: Int32 = 0
        while waitpid(processID, &status, isKilled ? 0 : WNOHANG) < 0, errno == EINTR {}
    }

    private static func spawn(
        _ program: String,
        _ words: [String],
        _ environment: [(name: String, value: String)],
        input: Int32
    ) throws(SystemError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // Linked libraries may open descriptors without `O_CLOEXEC`.
        _ = posix_spawn_file_actions_addclosefrom_np(&actions, 3)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The child must not inherit this process's blocked and ignored signals.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigaddset(&signals, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
        posix_spawnattr_setflags(&attributes, Int16(flags))
        var arguments = ([program] + words).map { strdup($0) } + [nil]
        var variables = environment.map { strdup("\($0.name)=\($0.value)") } + [nil]
        defer {
            arguments.forEach { free($0) }
            variables.forEach { free($0) }
        }
        // The parent of this process may have set SIGCHLD to ignored. That setting is inherited, and the kernel would
        // then discard the child's exit status.
        signal(SIGCHLD, SIG_DFL)
        var child: pid_t = 0
        let code = posix_spawn(&child, program, &actions, &attributes, &arguments, &variables)
        guard code == 0 else { throw SystemError("posix_spawn", code: code) }
        return child
    }
}
