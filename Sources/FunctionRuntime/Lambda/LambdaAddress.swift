extension String {
    /// Whether this is a host name, an IPv4 address or an IPv6 address in brackets, and a port.
    var isHostAndPort: Bool {
        guard let colon = utf8.lastIndex(of: UInt8(ascii: ":")) else { return false }
        let host = utf8[..<colon]
        let port = utf8[utf8.index(after: colon)...]
        guard port.allSatisfy(\.isDigit), let number = UInt16(self[utf8.index(after: colon)...]), number > 0 else {
            return false
        }
        if host.first == UInt8(ascii: "["), host.last == UInt8(ascii: "]") {
            let address = host.dropFirst().dropLast()
            return address.contains(UInt8(ascii: ":"))
                && address.allSatisfy { $0.isHexadecimalDigit || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }
        }
        return !host.isEmpty
            && host.allSatisfy { $0.isDigit || $0.isLetter || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
    fileprivate var isLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }
    fileprivate var isHexadecimalDigit: Bool {
        isDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(self | 0x20)
    }
}
