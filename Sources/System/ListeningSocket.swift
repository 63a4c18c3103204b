import Glibc

/// A socket that listens, made by the program that started this process.
public struct ListeningSocket: Sendable {
    private let descriptor: FileDescriptor

    /// Takes an open descriptor; nil if it is no listening socket.
    public init?(_ descriptor: FileDescriptor) {
        var listens: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor.rawValue, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) == 0, listens != 0 else {
            return nil
        }
        // Several processes wait for the same socket. Only one gets a connection; the others must not block.
        let flags = fcntl(descriptor.rawValue, F_GETFL)
        guard flags >= 0, fcntl(descriptor.rawValue, F_SETFL, flags | O_NONBLOCK) == 0 else { return nil }
        self.descriptor = descriptor
    }

    /// Accepts a connection.
    ///
    /// - Returns: The connection; nil if another process took it, or the client left.
    /// - Throws: ``SystemError`` if the socket or the process cannot take any connection.
    public func accept() throws(SystemError) -> FileDescriptor? {
        let connection = Glibc.accept(descriptor.rawValue, nil, nil)
        if connection >= 0 {
            let descriptor = FileDescriptor(rawValue: connection)
            descriptor.closeOnExecution()
            return descriptor
        }
        guard [EAGAIN, EINTR, ECONNABORTED, EPROTO, EPERM].contains(errno) else { throw SystemError("accept") }
        return nil
    }

    /// Waits for a new connection, for bytes on an open one, or for the end of the wait.
    ///
    /// - Parameters:
    ///   - connections: Open connections.
    ///   - stop: A descriptor that becomes readable when the process is to end.
    /// - Returns: The event. The end comes first: its receiver answers the connections that are ready.
    /// - Throws: ``SystemError`` if the kernel cannot wait.
    public func next(_ connections: [FileDescriptor], until stop: FileDescriptor) throws(SystemError) -> Event {
        var waiting = ([stop, descriptor] + connections).map {
            pollfd(fd: $0.rawValue, events: Int16(POLLIN), revents: 0)
        }
        var ready: Int32
        repeat { ready = poll(&waiting, nfds_t(waiting.count), -1) } while ready < 0 && errno == EINTR
        guard ready > 0 else { throw SystemError("poll") }
        // Connections that always have a request must not keep the process from ending.
        if waiting[0].revents != 0 { return .stop }
        if let index = connections.indices.first(where: { waiting[$0 + 2].revents != 0 }) { return .readable(index) }
        return .connection
    }

    /// What ``next(_:until:)`` waited for.
    public enum Event: Sendable {
        /// A client connects.
        case connection
        /// The connection of this index has bytes, or has ended.
        case readable(Int)
        /// The process is to end.
        case stop
    }
}

extension FileDescriptor {
    /// Closes the descriptor.
    public func close() {
        _ = Glibc.close(rawValue)
    }

    /// Makes a pipe.
    ///
    /// - Returns: Its two ends.
    /// - Throws: ``SystemError`` if the process has too many open files.
    public static func pipe() throws(SystemError) -> (reading: FileDescriptor, writing: FileDescriptor) {
        var ends: [Int32] = [0, 0]
        guard Glibc.pipe(&ends) == 0 else { throw SystemError("pipe") }
        let pipe = (reading: FileDescriptor(rawValue: ends[0]), writing: FileDescriptor(rawValue: ends[1]))
        pipe.reading.closeOnExecution()
        pipe.writing.closeOnExecution()
        return pipe
    }

    /// Waits for bytes on one of several descriptors, or for the end of one.
    ///
    /// - Parameters:
    ///   - descriptors: Open descriptors.
    ///   - timeoutNanoseconds: How long to wait.
    /// - Returns: The index of the descriptor; nil if the time is over.
    /// - Throws: ``SystemError`` if the kernel cannot wait.
    public static func firstReadable(
        of descriptors: [FileDescriptor],
        timeoutNanoseconds: UInt64
    ) throws(SystemError) -> Int? {
        var waiting = descriptors.map { pollfd(fd: $0.rawValue, events: Int16(POLLIN), revents: 0) }
        let milliseconds = Int32(clamping: (timeoutNanoseconds + 999_999) / 1_000_000)
        var ready: Int32
        repeat { ready = poll(&waiting, nfds_t(waiting.count), milliseconds) } while ready < 0 && errno == EINTR
        guard ready >= 0 else { throw SystemError("poll") }
        return waiting.firstIndex { $0.revents != 0 }
    }

    /// Reads an exact number of bytes.
    ///
    /// - Parameters:
    ///   - count: The number of bytes.
    ///   - timeoutNanoseconds: The time that is left at a given moment; zero if none is.
    /// - Returns: The bytes; fewer if the input ended before.
    /// - Throws: ``SystemError`` if reading fails, `ETIMEDOUT` if the bytes did not come in time.
    public func read(_ count: Int, timeoutNanoseconds: () -> UInt64) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            try waitUntilReadable(timeoutNanoseconds: timeoutNanoseconds())
            let chunk = try readSome(count - bytes.count)
            if chunk.isEmpty { break }
            bytes += chunk
        }
        return bytes
    }
}
