import Glibc

/// A system call that failed.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The call, such as `read`.
    public let call: String

    /// The value of `errno`.
    public let code: Int32

    /// Whether a deadline passed before the call could read or write.
    public var isTimeout: Bool { code == ETIMEDOUT }

    public var description: String { "\(call): \(String(cString: strerror(code)))" }

    /// A file exceeds the size limit.
    public static var tooLarge: SystemError { SystemError("read", code: EFBIG) }

    /// A file that must be text is not valid text.
    public static var notText: SystemError { SystemError("read", code: EILSEQ) }

    /// A file has fewer bytes than it must.
    public static func tooShort(_ minimum: Int) -> SystemError {
        SystemError("read of at least \(minimum) bytes", code: EINVAL)
    }

    init(_ call: String, code: Int32 = errno) {
        self.call = call
        self.code = code
    }
}
