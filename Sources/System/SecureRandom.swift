import CSystem
import Glibc

/// Random bytes fit for keys and identifiers.
public enum SecureRandom {
    /// Bytes from the kernel's generator.
    public static func bytes(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while initialized < count {
                let received = getrandom(buffer.baseAddress.map { $0 + initialized }, count - initialized, 0)
                precondition(received > 0 || errno == EINTR, "the kernel has no random numbers")
                initialized += max(received, 0)
            }
        }
    }
}
