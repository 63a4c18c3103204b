import Glibc

/// Reads files that are no devices, pipes or folders.
public enum RegularFile {
    /// Reads a whole file.
    ///
    /// - Parameters:
    ///   - path: The path of the file; symbolic links are followed.
    ///   - limit: The largest accepted size in bytes.
    /// - Returns: The file's contents.
    /// - Throws: ``SystemError``: `EFBIG` if the file is larger than the limit, `EINVAL` if it is not a regular file.
    public static func read(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
        try read(path, limit: limit, flags: 0)
    }

    /// Reads a whole file that is opened with more flags.
    static func read(_ path: String, limit: Int, flags: Int32) throws(SystemError) -> [UInt8] {
        // `O_NONBLOCK` keeps `open` from waiting for the writer of a named pipe. The file's type is checked before
        // reading.
        let descriptor = FileDescriptor(rawValue: open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags))
        guard descriptor.rawValue >= 0 else { throw SystemError("open") }
        defer { close(descriptor.rawValue) }
        var status = stat()
        guard fstat(descriptor.rawValue, &status) == 0 else { throw SystemError("fstat") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw SystemError("open", code: EINVAL) }
        switch try descriptor.readAll(limit: limit, drainLimit: limit + 1, timeoutNanoseconds: { 1_000_000_000 }) {
        case .complete(let bytes): return bytes
        case .tooLarge: throw .tooLarge
        }
    }
}
