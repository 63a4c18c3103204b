import Glibc

/// Reads files without leaving a given folder, even through symbolic links.
public enum ConfinedFile {
    /// Reads a file that lies inside a folder.
    ///
    /// Symbolic links inside the folder are followed, because Kubernetes mounts secrets through them. A link that leads
    /// out of the folder is refused, and the folder itself must not be a link.
    ///
    /// - Parameters:
    ///   - path: The file's path relative to the folder.
    ///   - folder: The folder's name, without slashes.
    ///   - parent: The path of the folder's parent.
    ///   - limit: The largest accepted size in bytes.
    /// - Returns: The file's contents, or nil if the file does not exist.
    /// - Throws: ``SystemError``: `EXDEV` if the file lies outside of the folder, `EFBIG` if it is larger than the
    ///   limit, `EINVAL` if it is not a regular file.
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
        return try RegularFile.read(file, limit: limit, flags: O_NOFOLLOW)
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
