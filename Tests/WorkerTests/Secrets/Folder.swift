import Glibc
import System
import TestSupport

/// A folder that is there while a test needs it.
struct Folder {
    let path: String

    /// The variable that names it.
    var variables: [(String, String)] { [("NOFX_SECRETS_DIR", path)] }

    /// Makes a folder, and removes it and all that is in it when the body is done.
    static func with(_ body: (Folder) throws -> Void) throws {
        var template = Array("/tmp/nofx-secrets-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap { mkdtemp($0) } != nil }
        guard made else { throw NoFolder() }
        let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        defer { _ = try? Subprocess("/bin/rm", ["-rf", path]).finish() }
        try body(Folder(path: path))
    }

    /// Writes a file, in folders that are made for it.
    func write(_ file: String, _ content: String) {
        write(file, Array(content.utf8))
    }

    func write(_ file: String, _ content: [UInt8]) {
        makeFolders(above: file)
        let descriptor = open("\(path)/\(file)", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        try? FileDescriptor(rawValue: descriptor).write(content)
        close(descriptor)
    }

    func link(_ file: String, to target: String) {
        makeFolders(above: file)
        symlink(target, "\(path)/\(file)")
    }

    /// The code of the error that a look-up ends in; nil if it ends well.
    func code(_ body: ([(String, String)]) throws -> String?) -> Int32? {
        do {
            _ = try body(variables)
            return nil
        } catch {
            return (error as? SystemError)?.code
        }
    }

    struct NoFolder: Error {}

    private func makeFolders(above file: String) {
        var folder = path
        for name in file.split(separator: "/").dropLast() {
            folder += "/\(name)"
            mkdir(folder, 0o700)
        }
    }
}
