/// An RSA key that verifies RS256 signatures (RFC 7518, section 3.3).
struct RSAPublicKey: Sendable {
    private let modulus: [UInt8]
    private let exponent: [UInt8]

    /// Takes a modulus of 2048 to 8192 bits and an odd exponent of 2 to 64 bits, both big-endian.
    ///
    /// Zeros in front do not count: some libraries write one before the modulus (RFC 7518, section 6.3.1.1).
    /// The upper bounds keep a token from costing more than a moment.
    init(modulus: [UInt8], exponent: [UInt8]) throws(KeyError) {
        self.modulus = Array(modulus.drop { $0 == 0 })
        self.exponent = Array(exponent.drop { $0 == 0 })
        guard self.modulus.bitCount >= 2_048 else { throw KeyError(.smallRSAKey) }
        guard self.modulus.bitCount <= 8_192, self.modulus.isOdd,
            (2...64).contains(self.exponent.bitCount), self.exponent.isOdd
        else { throw KeyError(.malformedKey) }
    }

    /// Whether a signature, as long as the modulus, is the message's.
    func isValid(signature: [UInt8], for message: [UInt8]) -> Bool {
        guard signature.count == modulus.count else { return false }
        return OpenSSL.isolatingErrors {
            guard let key = OpenSSLPublicKey(rsaModulus: modulus, exponent: exponent) else { return false }
            return key.isValidPKCS1(signature: signature, for: message)
        }
    }
}

extension [UInt8] {
    /// The size of a big-endian number without zeros in front.
    fileprivate var bitCount: Int {
        guard let first else { return 0 }
        return count * 8 - first.leadingZeroBitCount
    }

    fileprivate var isOdd: Bool { (last ?? 0) & 1 == 1 }
}
