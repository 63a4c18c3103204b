public import Base

extension UUID {
    /// The namespace for names that are URLs (RFC 9562, section 6.6).
    public static let urlNamespace = UUID(high: 0x6BA7_B811_9DAD_11D1, low: 0x80B4_00C0_4FD4_30C8)

    /// Creates the identifier of a name in a namespace.
    ///
    /// The same name always gives the same identifier (RFC 9562, section 5.5).
    public static func v5(namespace: UUID, name: String) -> UUID {
        let hash = SHA1.digest(namespace.bytes + name.utf8)
        let high = hash[0..<8].reduce(0) { $0 << 8 | UInt64($1) }
        let low = hash[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
        return UUID(
            high: high & 0xFFFF_FFFF_FFFF_0FFF | 0x5000,
            low: low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        )
    }
}
