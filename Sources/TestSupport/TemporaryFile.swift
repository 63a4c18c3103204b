import Glibc
import System

/// A file of a test, which is removed after it.
public struct TemporaryFile {
    struct Failure: Error {}

    public let path: String

    /// Makes a file with a content for the duration of the body.
    public static func with<Output>(_ content: String, body: (TemporaryFile) throws -> Output) throws -> Output {
        var name = Array("/tmp/nofx-test-XXXXXX".utf8CString)
        let descriptor = unsafe mkstemp(&name)
        guard descriptor >= 0 else { throw Failure() }
        let path = String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        defer { unsafe unlink(path) }
        try FileDescriptor(rawValue: descriptor).write(Array(content.utf8))
        close(descriptor)
        return try body(TemporaryFile(path: path))
    }
}
