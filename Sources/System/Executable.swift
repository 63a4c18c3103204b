import Glibc

/// Checks for executable files.
public enum Executable {
    /// Whether the path is absolute and names a file that this process may execute.
    public static func isThere(_ path: String) -> Bool {
        path.utf8.first == UInt8(ascii: "/") && access(path, X_OK) == 0
    }
}
