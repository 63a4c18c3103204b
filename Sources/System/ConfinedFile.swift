import Glibc

/// Files that stay where they are expected, whatever symbolic links lie on the way.
public enum ConfinedFile {
    /// Reads a file that is inside of one folder of a parent folder.
    ///
    /// Links are followed, as they must be where Kubernetes mounts secrets, but not out of the folder, and the folder
    /// is none itself.
    ///
    /// - Parameters:
    ///   - path: The file, relative to the folder.
    ///   - folder: The folder's name, without slashes.
    ///   - parent: Where the folder is.
    ///   - limit: The most bytes of it.
    /// - Returns: All that is in it; nil where there is no such file.
    /// - Throws: ``SystemError``: `EXDEV` for a file that is somewhere else, `EFBIG` for one that is too large,
    ///   `EINVAL` for what is no file.
    public static func read(
        _ path: String,
        in folder: String,
        of parent: String,
        limit: Int
    ) throws(SystemError) -> [UInt8]? {
        guard let root = try resolve(parent), let file = try resolve("\(parent)/\(folder)/\(path)") else { return nil }
        guard file.utf8.starts(with: "\(root == "/" ? "" : root)/\(folder)/".utf8) else {
            throw SystemError("open", code: EXDEV)
        }
        // What has no end, or would wait for somebody to write to it, is found out before it is read.
        let descriptor = FileDescriptor(rawValue: open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK))
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

    /// The names of what a folder holds; none where it is no folder or cannot be read.
    public static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Where a path leads once all links are followed; nil where there is nothing.
    private static func resolve(_ path: String) throws(SystemError) -> String? {
        guard let resolved = realpath(path, nil) else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw SystemError("realpath")
        }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
