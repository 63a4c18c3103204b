internal import Glibc

/// The address of a machine in the Internet Protocol, of version 4 or 6.
public struct NetworkAddress: Hashable, Sendable {
    /// The address in network order: 4 bytes or 16.
    public let bytes: [UInt8]

    /// Takes bytes in network order; nil unless they are 4 or 16.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// Reads an address as it is written everywhere: four decimal numbers, or RFC 4291, section 2.2.
    ///
    /// Nothing that only some programs read so: no octal and no hexadecimal numbers, no missing parts, no zone.
    public init?(_ text: String) {
        let isLong = text.utf8.contains(UInt8(ascii: ":"))
        var bytes = [UInt8](repeating: 0, count: isLong ? 16 : 4)
        // What follows a NUL would not be looked at.
        guard !text.utf8.contains(0), inet_pton(isLong ? AF_INET6 : AF_INET, text, &bytes) == 1 else { return nil }
        self.bytes = bytes
    }

    /// Reads the address that a socket is to be connected to, a `sockaddr`; nil for other families than the two.
    init?(socketAddress bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= MemoryLayout<sa_family_t>.size else { return nil }
        switch Int32(bytes.loadUnaligned(as: sa_family_t.self)) {
        // The places of `sin_addr` and `sin6_addr`.
        case AF_INET where bytes.count >= 8: self.bytes = Array(bytes[4..<8])
        case AF_INET6 where bytes.count >= 24: self.bytes = Array(bytes[8..<24])
        default: return nil
        }
    }
}
