internal import CCrypto

/// The hash function SHA-256 (FIPS 180-4).
public enum SHA256 {
    /// The hash of a message, 32 bytes.
    public static func digest(_ message: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { digest, count in
            nofx_sha256(message, message.count, digest.baseAddress)
            count = 32
        }
    }
}
