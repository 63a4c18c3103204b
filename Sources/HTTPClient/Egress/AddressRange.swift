/// The addresses that share a prefix (RFC 4632), such as `10.1.0.0/16`.
public struct AddressRange: Hashable, Sendable {
    /// The lowest address of the range.
    public let first: NetworkAddress

    /// The length of the prefix in bits.
    public let length: Int

    /// Creates a range.
    ///
    /// Returns nil if the address has fewer bits than `length`, or if a bit behind the prefix is set.
    public init?(_ first: NetworkAddress, length: Int) {
        guard (0...first.bytes.count * 8).contains(length) else { return nil }
        let rest = first.bytes.enumerated().map { $1 & ~Self.mask(ofByte: $0, length) }
        guard rest.allSatisfy({ $0 == 0 }) else { return nil }
        self.first = first
        self.length = length
    }

    /// Parses a range such as `10.1.0.0/16` or `fd00::/8`, or a single address.
    ///
    /// Bits behind the prefix are an error: the author of `10.1.2.3/16` may have meant another range.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let part = parts.first, let address = NetworkAddress(String(part)) else { return nil }
        guard parts.count == 2 else {
            self.init(address, length: address.bytes.count * 8)
            return
        }
        guard (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let length = Int(parts[1])
        else { return nil }
        self.init(address, length: length)
    }

    /// Whether the range contains an address.
    public func contains(_ address: NetworkAddress) -> Bool {
        guard address.bytes.count == first.bytes.count else { return false }
        return address.bytes.indices.allSatisfy { index in
            (address.bytes[index] ^ first.bytes[index]) & Self.mask(ofByte: index, length) == 0
        }
    }

    private static func mask(ofByte index: Int, _ length: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: 0xFF00 >> max(0, min(8, length - index * 8)))
    }
}
