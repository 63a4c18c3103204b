internal import CCrypto

/// The curve P-256, y² = x³ − 3x + b over the integers modulo p (NIST SP 800-186, section 3.2.1.3).
enum P256 {
    /// Whether two coordinates of 32 bytes are a point on the curve other than infinity.
    ///
    /// The check uses big numbers only, because OpenSSL's own check would initialize OpenSSL.
    static func contains(x: [UInt8], y: [UInt8]) -> Bool {
        guard x.count == 32, y.count == 32, x.lexicographicallyPrecedes(prime), y.lexicographicallyPrecedes(prime),
            let context = BN_CTX_new()
        else { return false }
        defer { BN_CTX_free(context) }
        guard let p = BigNumber(prime), let b = BigNumber(coefficient), let x = BigNumber(x), let y = BigNumber(y),
            let left = BigNumber([]), let right = BigNumber([])
        else { return false }
        return BN_mod_sqr(left.pointer, y.pointer, p.pointer, context) == 1
            && BN_mod_sqr(right.pointer, x.pointer, p.pointer, context) == 1
            && BN_sub_word(right.pointer, 3) == 1
            && BN_mod_mul(right.pointer, right.pointer, x.pointer, p.pointer, context) == 1
            && BN_mod_add(right.pointer, right.pointer, b.pointer, p.pointer, context) == 1
            && BN_cmp(left.pointer, right.pointer) == 0
    }

    /// Whether 32 bytes are a number from 1 to n − 1, which is the valid range for r and s of a signature.
    static func isScalar(_ bytes: [UInt8]) -> Bool {
        bytes.contains { $0 != 0 } && bytes.lexicographicallyPrecedes(order)
    }

    private static var prime: [UInt8] {
        [
            0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
            0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        ]
    }

    private static var coefficient: [UInt8] {
        [
            0x5A, 0xC6, 0x35, 0xD8, 0xAA, 0x3A, 0x93, 0xE7, 0xB3, 0xEB, 0xBD, 0x55, 0x76, 0x98, 0x86, 0xBC,
            0x65, 0x1D, 0x06, 0xB0, 0xCC, 0x53, 0xB0, 0xF6, 0x3B, 0xCE, 0x3C, 0x3E, 0x27, 0xD2, 0x60, 0x4B,
        ]
    }

    private static var order: [UInt8] {
        [
            0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
            0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
        ]
    }
}

/// A number of arbitrary size, created from big-endian bytes.
private struct BigNumber: ~Copyable {
    let pointer: OpaquePointer

    init?(_ bytes: [UInt8]) {
        guard let pointer = BN_bin2bn(bytes, Int32(bytes.count), nil) else { return nil }
        self.pointer = pointer
    }

    deinit {
        BN_free(pointer)
    }
}
