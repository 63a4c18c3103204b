internal import CCrypto

/// Whether two byte strings are equal, in a time that depends on their lengths only.
///
/// An ordinary comparison stops at the first difference, which tells an attacker how much of a guess was right.
public func constantTimeEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
}
