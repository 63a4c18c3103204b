import Glibc
import System
import TestSupport

/// A temporary folder of a test.
struct Folder {
    let path: String

    /// The variable that names it.
    var variables: [(String, String)] { [("NOFX_SECRETS_DIR", path)] }

    /// Makes a folder, and removes it with its contents after the body.
    static func with(_ body: (Folder) throws -> Void) throws {
        var template = Array("/tmp/nofx-secrets-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap { mkdtemp($0) } != nil }
        guard made else { throw NoFolder() }
        let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        defer { _ = try? Subprocess("/bin/rm", ["-rf", path]).finish() }
        try body(Folder(path: path))
    }

    /// Writes a file and creates its parent folders.
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

    /// The code of a look-up's error; nil if it succeeds.
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
