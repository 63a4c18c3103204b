import Glibc

/// A new file that is only appended to, and whose contents survive a crash once they are written.
public final class AppendOnlyFile: Sendable {
    private let descriptor: FileDescriptor

    /// Creates the file, which only its owner can read.
    ///
    /// - Throws: ``SystemError`` when the folder is not there or not writable, or has a file of the name.
    public init(creating name: String, in folder: String) throws(SystemError) {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC
        descriptor = FileDescriptor(rawValue: open("\(folder)/\(name)", flags, 0o600))
        guard descriptor.rawValue >= 0 else { throw SystemError("open") }
        // The name of the file is the folder's content.
        let parent = FileDescriptor(rawValue: open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        guard parent.rawValue >= 0 else { throw SystemError("open") }
        defer { close(parent.rawValue) }
        try parent.synchronize()
    }

    /// Writes the bytes, and waits until they are on disk.
    public func append(_ bytes: [UInt8]) throws(SystemError) {
        try descriptor.write(bytes)
        try descriptor.synchronize()
    }

    deinit { close(descriptor.rawValue) }
}

extension FileDescriptor {
    fileprivate func synchronize() throws(SystemError) {
        guard fsync(rawValue) == 0 else { throw SystemError("fsync") }
    }
}
