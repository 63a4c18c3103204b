/// An ECDSA signature on P-256: the numbers r and s.
struct ECDSASignature {
    private let r: [UInt8]
    private let s: [UInt8]

    /// Parses the format of RFC 7518, section 3.4: both numbers in 32 big-endian bytes.
    ///
    /// Returns nil for another size or a number outside of the valid range.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == 64 else { return nil }
        r = Array(bytes[..<32])
        s = Array(bytes[32...])
        guard P256.isScalar(r), P256.isScalar(s) else { return nil }
    }

    /// The format that OpenSSL expects: a DER SEQUENCE of two INTEGERs (RFC 3279, section 2.2.3; ITU-T X.690).
    ///
    /// All lengths are below 128, which DER encodes in one byte.
    var der: [UInt8] {
        let numbers = Self.integer(r) + Self.integer(s)
        return [0x30, UInt8(numbers.count)] + numbers
    }

    private static func integer(_ bigEndian: [UInt8]) -> [UInt8] {
        var digits = Array(bigEndian.drop { $0 == 0 })
        // In DER the first bit is the sign, so a leading zero byte keeps the number positive.
        if let first = digits.first, first >= 0x80 { digits.insert(0, at: 0) }
        return [0x02, UInt8(digits.count)] + digits
    }
}
