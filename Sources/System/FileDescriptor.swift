import Glibc

/// An open file, pipe or socket.
public struct FileDescriptor: Hashable, Sendable {
    /// The descriptor's number.
    public let rawValue: Int32

    /// Wraps an open descriptor.
    ///
    /// The code that opened it must close it.
    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// Standard input.
    public static let standardInput = FileDescriptor(rawValue: 0)

    /// Standard output.
    public static let standardOutput = FileDescriptor(rawValue: 1)

    /// Standard error.
    public static let standardError = FileDescriptor(rawValue: 2)

    /// Whether the descriptor is open.
    public var isOpen: Bool { fcntl(rawValue, F_GETFD) >= 0 }

    /// Keeps programs that this process starts from inheriting the descriptor.
    public func closeOnExecution() {
        _ = fcntl(rawValue, F_SETFD, FD_CLOEXEC)
    }

    /// Whether the descriptor is a terminal.
    public var isTerminal: Bool { isatty(rawValue) == 1 }

    /// Opens `/dev/null` for each of descriptors 0 to 2 that is closed.
    ///
    /// Otherwise the next socket, for example the database connection, would get the number of standard output, and the
    /// response would be written to it.
    /// - Returns: The descriptors that were closed.
    public static func plugStandardStreams() -> [FileDescriptor] {
        (0...2).filter { !FileDescriptor(rawValue: $0).isOpen }.map { closed in
            // `open` returns the lowest free number. In an empty root file system `/dev/null` does not exist, but `/`
            // does.
            if open("/dev/null", O_RDWR) < 0 { _ = open("/", O_RDONLY) }
            return FileDescriptor(rawValue: closed)
        }
    }

    /// The result of `readAll`.
    public enum Contents: Equatable, Sendable {
        /// All bytes up to the end of the input.
        case complete([UInt8])
        /// The input exceeds the limit. It was read to the end or to the drain limit and discarded.
        case tooLarge
    }

    /// Reads to the end of the input.
    ///
    /// Input beyond `limit` is read and discarded, up to `drainLimit` bytes. A web server whose request body is left
    /// unread may hang or respond with an error of its own.
    ///
    /// - Parameters:
    ///   - limit: The most bytes to keep.
    ///   - drainLimit: The most bytes to read.
    ///   - length: The number of bytes after which the input is complete; nil if only its end says so.
    ///   - timeoutNanoseconds: How much time is left at a given moment; zero when none is.
    /// - Returns: The bytes, or that there were too many.
    /// - Throws: ``SystemError`` when reading fails, `ETIMEDOUT` when the end did not come in time.
    public func readAll(
        limit: Int,
        drainLimit: Int,
        length: Int? = nil,
        timeoutNanoseconds: () -> UInt64
    ) throws(SystemError) -> Contents {
        var bytes: [UInt8] = []
        var total = 0
        while total < drainLimit {
            if total == length { return total > limit ? .tooLarge : .complete(bytes) }
            try waitUntilReadable(timeoutNanoseconds: timeoutNanoseconds())
            let kept = min(bytes.count, limit)
            let chunk = try readSome(min(max(4_096, min(65_536, bytes.count)), (length ?? .max) - total))
            if chunk.isEmpty { return total > limit ? .tooLarge : .complete(bytes) }
            total += chunk.count
            if total <= limit { bytes.append(contentsOf: chunk) } else if kept > 0 { bytes = [] }
        }
        return .tooLarge
    }

    /// Writes all the bytes.
    ///
    /// - Throws: ``SystemError``, for example if the reader has closed its end or the device is full.
    public func write(_ bytes: [UInt8]) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            let sent = bytes.withUnsafeBytes { buffer in
                retrying { Glibc.write(rawValue, buffer.baseAddress.map { $0 + written }, buffer.count - written) }
            }
            if sent < 0, errno == EAGAIN {
                var waiting = pollfd(fd: rawValue, events: Int16(POLLOUT), revents: 0)
                _ = retrying { Int(poll(&waiting, 1, -1)) }
            } else if sent < 0 {
                throw SystemError("write")
            } else {
                written += sent
            }
        }
    }

    /// Sends all the bytes over a socket.
    ///
    /// - Parameters:
    ///   - bytes: The bytes.
    ///   - timeoutNanoseconds: How much time is left at a given moment; zero when none is.
    /// - Throws: ``SystemError``, `ETIMEDOUT` when the peer did not take the bytes in time.
    public func send(_ bytes: [UInt8], timeoutNanoseconds: () -> UInt64) throws(SystemError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            try wait(for: POLLOUT, of: "send", timeoutNanoseconds: timeoutNanoseconds())
            let sent = rest.withUnsafeBytes { buffer in
                retrying { Glibc.send(rawValue, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT)) }
            }
            if sent < 0, errno != EAGAIN { throw SystemError("send") }
            rest = rest.dropFirst(max(sent, 0))
        }
    }

    /// Reads what is there, at most a number of bytes; nothing at the end of the input.
    func readSome(_ count: Int) throws(SystemError) -> [UInt8] {
        var failure: SystemError?
        let chunk = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            let received = retrying { Glibc.read(rawValue, buffer.baseAddress, count) }
            if received < 0 { failure = SystemError("read") }
            initialized = max(received, 0)
        }
        if let failure { throw failure }
        return chunk
    }

    func waitUntilReadable(timeoutNanoseconds: UInt64) throws(SystemError) {
        try wait(for: POLLIN, of: "read", timeoutNanoseconds: timeoutNanoseconds)
    }

    private func wait(for event: Int32, of call: String, timeoutNanoseconds: UInt64) throws(SystemError) {
        var waiting = pollfd(fd: rawValue, events: Int16(event), revents: 0)
        let milliseconds = Int32(clamping: (timeoutNanoseconds + 999_999) / 1_000_000)
        let ready = retrying { Int(poll(&waiting, 1, milliseconds)) }
        if ready == 0 { throw SystemError(call, code: ETIMEDOUT) }
        if ready < 0 { throw SystemError("poll") }
    }
}

private func retrying(_ call: () -> Int) -> Int {
    while true {
        let result = call()
        if result >= 0 || errno != EINTR { return result }
    }
}
