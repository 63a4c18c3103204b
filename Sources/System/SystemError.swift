import Glibc

/// A system call that failed.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The call, such as `read`.
    public let call: String

    /// The value of `errno`.
    public let code: Int32

    /// Whether nothing came, or nothing could be sent, before the deadline.
    public var isTimeout: Bool { code == ETIMEDOUT }

    public var description: String { "\(call): \(String(cString: strerror(code)))" }

    /// A file is larger than it may be.
    public static var tooLarge: SystemError { SystemError("read", code: EFBIG) }

    /// A file that should be text is none.
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
