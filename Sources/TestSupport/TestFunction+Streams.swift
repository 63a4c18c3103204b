import Glibc

extension TestFunction {
    /// Runs the function with redirected standard streams, as in `>/dev/full` or `<&-`.
    public func run(_ event: String = "", redirecting streams: String) throws -> Subprocess.Outcome {
        try Subprocess("/bin/sh", ["-c", "exec \"$0\" \(streams)", path], environment: environment)
            .finish(Array(event.utf8))
    }
}

extension Subprocess {
    /// Writes a part of the program's input and waits until the program has read it.
    public borrowing func feed(_ bytes: [UInt8]) {
        _ = unsafe send(input, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        var unread: Int32 = 1
        while unread > 0 {
            sched_yield()
            guard unsafe ioctl(input, UInt(TIOCOUTQ), &unread) == 0 else { return }
        }
    }
}
