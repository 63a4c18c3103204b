internal import CCrypto

/// Compares two byte strings in a time that depends only on their lengths.
///
/// An ordinary comparison stops at the first difference, so its duration shows an attacker how much of a guess was
/// right.
public func constantTimeEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
}
