/// An RSA key that verifies RS256 signatures (RFC 7518, section 3.3).
struct RSAPublicKey: Sendable {
    private let modulus: [UInt8]
    private let exponent: [UInt8]

    /// Creates a key from a modulus of 2048 to 8192 bits and an odd exponent of 2 to 64 bits, both big-endian.
    ///
    /// Leading zeros are ignored, because some libraries write one before the modulus (RFC 7518, section 6.3.1.1). The
    /// upper bounds limit the time for verifying a token.
    init(modulus: [UInt8], exponent: [UInt8]) throws(KeyError) {
        self.modulus = Array(modulus.drop { $0 == 0 })
        self.exponent = Array(exponent.drop { $0 == 0 })
        guard self.modulus.bitCount >= 2_048 else { throw KeyError(.smallRSAKey) }
        guard self.modulus.bitCount <= 8_192, self.modulus.isOdd,
            (2...64).contains(self.exponent.bitCount), self.exponent.isOdd
        else { throw KeyError(.malformedKey) }
    }

    /// Whether a signature is valid for the message.
    ///
    /// It must be as long as the modulus.
    func isValid(signature: [UInt8], for message: [UInt8]) -> Bool {
        guard signature.count == modulus.count else { return false }
        return OpenSSL.isolatingErrors {
            guard let key = OpenSSLPublicKey(rsaModulus: modulus, exponent: exponent) else { return false }
            return key.isValidPKCS1(signature: signature, for: message)
        }
    }
}

extension [UInt8] {
    /// The size in bits of a big-endian number without leading zeros.
    fileprivate var bitCount: Int {
        guard let first else { return 0 }
        return count * 8 - first.leadingZeroBitCount
    }

    fileprivate var isOdd: Bool { (last ?? 0) & 1 == 1 }
}
