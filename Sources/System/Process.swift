import Glibc

/// The running process.
public enum Process {
    /// The arguments after the program's name.
    public static var arguments: [String] { Array(CommandLine.arguments.dropFirst()) }

    /// The name that the process was started by, without a folder: that of a link, if it was started through one.
    public static var name: String {
        let path = CommandLine.arguments.first ?? ""
        return path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[path.utf8.index(after: $0)...]) } ?? path
    }

    /// Ends the process with a status of `sysexits.h`.
    public static func exit(_ status: Int32) -> Never {
        // Nothing is buffered and no handler is registered, so there is nothing to run on the way out.
        _exit(status)
    }

    /// Makes a write to a closed pipe an error instead of a death.
    public static func ignoreBrokenPipes() {
        signal(SIGPIPE, SIG_IGN)
    }

    /// Lets SIGTERM and SIGINT end the process at once, also as process 1, where the kernel ignores a
    /// signal whose action is the default.
    public static func exitOnTermination() {
        signal(SIGTERM) { _ in _exit(128 + SIGTERM) }
        signal(SIGINT) { _ in _exit(128 + SIGINT) }
    }
}
