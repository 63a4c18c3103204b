import CSystem
import Glibc

/// A program that runs beside this one, reads what it is given and ends with a status.
///
/// It gets no descriptor of this process but its input: what it writes goes nowhere, because standard output is the
/// answer's and standard error the log's. It leads a process group, so that what it started can be ended with it.
/// Letting go of a child kills it.
public struct ChildProcess: ~Copyable {
    /// How a program ended.
    public enum Ending: Hashable, Sendable {
        /// By itself, with a status.
        case exited(Int32)
        /// By a signal that this process did not send.
        case signaled(Int32)
        /// It was killed because its time was over.
        case timedOut
    }

    private let processID: pid_t
    private var input: Int32
    /// Becomes readable when the program has ended.
    private let end: Int32

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - program: Its path; no `PATH` is searched and no shell is asked.
    ///   - arguments: What comes after its name.
    ///   - environment: All of its variables.
    /// - Throws: ``SystemError`` when it could not be started.
    public init(
        _ program: String,
        _ arguments: [String],
        environment: [(name: String, value: String)]
    ) throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        // Born close-on-exec, or another thread's child could hold them open.
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

    /// Gives the program its input and waits for its end; it is killed when the time is over.
    ///
    /// This process must ignore broken pipes: a program need not read what it is given.
    ///
    /// - Parameters:
    ///   - bytes: All of its input.
    ///   - timeoutNanoseconds: How much time is left at a given moment; zero when none is.
    /// - Returns: How it ended.
    /// - Throws: ``SystemError`` when it cannot be waited for; it is killed then.
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
    /// Writes the input and waits for the program's end.
    ///
    /// - Returns: Whether it ended in time.
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
            // A negative descriptor is passed over.
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
                // Nobody reads any more; the status will tell what that means.
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
        // It may have moved to another group, or become a user whose processes are not ours to kill, nor to wait for.
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
        // Libraries that are linked in need not open everything close-on-exec.
        _ = posix_spawn_file_actions_addclosefrom_np(&actions, 3)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // What this process ignores or blocks is no business of the program's.
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
        // Whoever started this process may ignore the ends of children: that is inherited, and no status would be kept.
        signal(SIGCHLD, SIG_DFL)
        var child: pid_t = 0
        let code = posix_spawn(&child, program, &actions, &attributes, &arguments, &variables)
        guard code == 0 else { throw SystemError("posix_spawn", code: code) }
        return child
    }
}
