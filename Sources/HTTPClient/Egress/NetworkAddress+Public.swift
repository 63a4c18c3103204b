extension NetworkAddress {
    /// Whether the address is reachable from the public Internet.
    ///
    /// False for addresses of this machine, its network or its provider's platform.
    ///
    /// The list follows the registries of special-purpose addresses (RFC 6890). Of IPv6 only the allocated block
    /// 2000::/3 counts. An IPv6 address that embeds an IPv4 address is judged by the IPv4 address.
    public var isPublic: Bool {
        if let short = embedded { return short.isPublic }
        guard bytes.count == 16 else { return !Self.special.contains { $0.contains(self) } }
        return bytes[0] & 0xE0 == 0x20 && !Self.specialLong.contains { $0.contains(self) }
    }

    /// The IPv4 address to which packets for this IPv6 address go: a mapped address (RFC 4291, section 2.5.5.2), a
    /// NAT64 address (RFC 6052, section 2.1) or a 6to4 address (RFC 3056, section 2).
    var embedded: NetworkAddress? {
        guard bytes.count == 16 else { return nil }
        if bytes.starts(with: Self.mapped) || bytes.starts(with: Self.translated) {
            return NetworkAddress(bytes: Array(bytes[12...]))
        }
        return bytes.starts(with: [0x20, 0x02]) ? NetworkAddress(bytes: Array(bytes[2..<6])) : nil
    }

    private static let mapped: [UInt8] = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
    private static let translated: [UInt8] = [0, 0x64, 0xFF, 0x9B] + [UInt8](repeating: 0, count: 8)

    private static let special = [
        // This network, loopback, the three private networks, and the shared network of carriers.
        "0.0.0.0/8", "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
        // Link-local addresses, where clouds serve machine credentials. Azure uses an address of its own.
        "169.254.0.0/16", "168.63.129.16/32",
        // Protocol assignments, 6to4 relays, documentation, benchmarks.
        "192.0.0.0/24", "192.88.99.0/24", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15",
        // Multicast, and the reserved addresses including broadcast.
        "224.0.0.0/4", "240.0.0.0/4",
    ].compactMap { AddressRange($0) }

    private static let specialLong = [
        // Protocol assignments including Teredo, benchmarks and ORCHID; documentation.
        "2001::/23", "2001:db8::/32", "3fff::/20",
    ].compactMap { AddressRange($0) }
}
