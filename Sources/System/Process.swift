import Glibc

/// The running process.
public enum Process {
    /// The arguments after the program's name.
    public static var arguments: [String] { Array(CommandLine.arguments.dropFirst()) }

    /// The last path component of the command that started the process.
    ///
    /// If a link started it, this is the link's name.
    public static var name: String {
        let path = CommandLine.arguments.first ?? ""
        return path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[path.utf8.index(after: $0)...]) } ?? path
    }

    /// Ends the process at once with a status from `sysexits.h`.
    public static func exit(_ status: Int32) -> Never {
        // No output is buffered and no exit handler is registered, so `_exit` loses nothing.
        _exit(status)
    }

    /// Ignores SIGPIPE, so that a write to a closed pipe returns an error and does not end the process.
    public static func ignoreBrokenPipes() {
        signal(SIGPIPE, SIG_IGN)
    }

    /// Makes SIGTERM and SIGINT end the process at once.
    ///
    /// This also works for process 1, for which the kernel ignores a signal with the default action.
    public static func exitOnTermination() {
        signal(SIGTERM) { _ in _exit(128 + SIGTERM) }
        signal(SIGINT) { _ in _exit(128 + SIGINT) }
    }
}
