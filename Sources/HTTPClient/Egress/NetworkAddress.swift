internal import Glibc

/// An IPv4 or IPv6 address.
public struct NetworkAddress: Hashable, Sendable {
    /// The address in network byte order: 4 or 16 bytes.
    public let bytes: [UInt8]

    /// Creates an address from bytes in network byte order.
    ///
    /// Returns nil unless there are 4 or 16 bytes.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// Parses an address: four decimal numbers, or the format of RFC 4291, section 2.2.
    ///
    /// Formats that only some programs accept are rejected: octal and hexadecimal numbers, missing parts, and zones.
    public init?(_ text: String) {
        let isLong = text.utf8.contains(UInt8(ascii: ":"))
        var bytes = [UInt8](repeating: 0, count: isLong ? 16 : 4)
        // `inet_pton` would ignore the characters behind a NUL.
        guard !text.utf8.contains(0), inet_pton(isLong ? AF_INET6 : AF_INET, text, &bytes) == 1 else { return nil }
        self.bytes = bytes
    }

    /// Reads the address of a `sockaddr`.
    ///
    /// Returns nil for families other than IPv4 and IPv6.
    init?(socketAddress bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= MemoryLayout<sa_family_t>.size else { return nil }
        switch Int32(bytes.loadUnaligned(as: sa_family_t.self)) {
        // The offsets of `sin_addr` and `sin6_addr`.
        case AF_INET where bytes.count >= 8: self.bytes = Array(bytes[4..<8])
        case AF_INET6 where bytes.count >= 24: self.bytes = Array(bytes[8..<24])
        default: return nil
        }
    }
}
