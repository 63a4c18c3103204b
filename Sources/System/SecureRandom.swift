import CSystem
import Glibc

/// Cryptographically secure random bytes.
public enum SecureRandom {
    /// Reads `count` bytes from the kernel's random number generator.
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
