internal import CCrypto

/// The hash function SHA-1 (FIPS 180-4): broken, and here only because name-based UUIDs are defined by it.
enum SHA1 {
    /// The 20 bytes that a message hashes to.
    static func digest(_ message: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 20) { digest, count in
            nofx_sha1(message, message.count, digest.baseAddress)
            count = 20
        }
    }
}
