/// The server in a URL (RFC 3986, section 3.2), without user information.
public enum URLAuthority {
    /// Whether a text is a host name or an address, as a URL has it, and maybe a port from 1 to 65535.
    public static func isValid(_ authority: Substring.UTF8View) -> Bool {
        let (host, port) = parts(of: authority)
        guard !host.isEmpty, host.first == UInt8(ascii: "[") ? isBracketedAddress(host) : host.allSatisfy(isNamePart)
        else { return false }
        guard port.first != nil else { return true }
        let digits = port.dropFirst()
        guard (1...5).contains(digits.count), digits.allSatisfy(\.isDigit) else { return false }
        return (1...65_535).contains(digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) })
    }

    /// A regular expression (ECMA-262) for the valid texts, except that an address has no part in the form of IPv4.
    public static var pattern: String {
        let port = "[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"
        let group = "[0-9A-Fa-f]{1,4}"
        let shortened = (1...6).map { "(?:\(group):){1,\($0)}(?::\(group)){1,\(7 - $0)}" }
        let address =
            (["(?:\(group):){7}\(group)", "(?:\(group):){1,7}:", ":(?::\(group)){1,7}", "::"] + shortened)
            .joined(separator: "|")
        return "(?:[A-Za-z0-9._-]+|\\[(?:\(address))\\])(?::(?:\(port)))?"
    }

    /// The host, and the port with its colon.
    private static func parts(of authority: Substring.UTF8View) -> (Substring.UTF8View, Substring.UTF8View) {
        let colon = UInt8(ascii: ":")
        let start = authority.lastIndex(of: UInt8(ascii: "]")) ?? authority.startIndex
        let end = authority[start...].firstIndex(of: colon) ?? authority.endIndex
        return (authority[..<end], authority[end...])
    }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        byte.isDigit || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || "-._".utf8.contains(byte)
    }

    /// Whether a host is an IPv6 address in brackets (RFC 4291, section 2.2).
    private static func isBracketedAddress(_ host: Substring.UTF8View) -> Bool {
        guard host.last == UInt8(ascii: "]"), let text = String(host.dropFirst().dropLast()) else { return false }
        let halves = text.utf8.halves
        guard let count = groups(in: halves.first, isLast: halves.second == nil) else { return false }
        guard let rest = halves.second else { return count == 8 }
        return groups(in: rest, isLast: true).map { count + $0 <= 7 } ?? false
    }

    /// The number of groups of 16 bits; nil if the text is not made of groups.
    private static func groups(in text: Substring.UTF8View, isLast: Bool) -> Int? {
        guard !text.isEmpty else { return 0 }
        let groups = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        let isMixed = isLast && groups.last.map(isIPv4) ?? false
        let plain = isMixed ? groups.dropLast() : groups[...]
        guard plain.allSatisfy({ (1...4).contains($0.count) && $0.allSatisfy(isHexadecimal) }) else { return nil }
        return plain.count + (isMixed ? 2 : 0)
    }

    private static func isIPv4(_ text: Substring.UTF8View) -> Bool {
        let numbers = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return numbers.count == 4
            && numbers.allSatisfy { digits in
                (1...3).contains(digits.count) && digits.allSatisfy(\.isDigit)
                    && digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) } <= 255
            }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        byte.isDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }
}

extension String.UTF8View {
    /// The parts before and after the first `::`; the second is nil without one.
    fileprivate var halves: (first: Substring.UTF8View, second: Substring.UTF8View?) {
        let colon = UInt8(ascii: ":")
        var index = startIndex
        while index < endIndex, let next = self.index(index, offsetBy: 1, limitedBy: endIndex), next < endIndex {
            if self[index] == colon, self[next] == colon { return (self[..<index], self[self.index(after: next)...]) }
            index = next
        }
        return (self[...], nil)
    }
}
