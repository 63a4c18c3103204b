internal import CCrypto

/// The hash function SHA-256 (FIPS 180-4).
public enum SHA256 {
    /// The 32 bytes that a message hashes to.
    public static func digest(_ message: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { digest, count in
            nofx_sha256(message, message.count, digest.baseAddress)
            count = 32
        }
    }
}
