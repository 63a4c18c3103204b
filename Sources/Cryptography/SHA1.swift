internal import CCrypto

/// The hash function SHA-1 (FIPS 180-4).
///
/// It is insecure and used only for name-based UUIDs, whose definition requires it.
enum SHA1 {
    /// The hash of a message, 20 bytes.
    static func digest(_ message: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 20) { digest, count in
            nofx_sha1(message, message.count, digest.baseAddress)
            count = 20
        }
    }
}
