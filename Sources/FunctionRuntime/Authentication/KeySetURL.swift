import Base

/// Where an issuer publishes its signing keys: the value of `NOFX_JWKS_URL`.
///
/// Whoever answers there decides who is let in, so it is asked over TLS; on the machine itself, as in development,
/// plain HTTP will do. A URL is kept in the database and has no credential in it.
struct KeySetURL: Sendable {
    let text: String

    /// The URL in a text; nil for one that must not be asked.
    init?(_ text: String) {
        guard text.utf8.count <= Self.maximumLength, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            !text.utf8.contains(UInt8(ascii: "#"))
        else { return nil }
        let lowercased = text.lowercasedASCII
        guard let scheme = ["https://", "http://"].first(where: lowercased.hasPrefix) else { return nil }
        let authority = lowercased.utf8.dropFirst(scheme.utf8.count)
            .prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        guard let host = Self.host(of: authority) else { return nil }
        isSecure = scheme.utf8.count == "https://".utf8.count
        guard isSecure || ["127.0.0.1", "[::1]", "localhost"].contains(where: { host.elementsEqual($0.utf8) }) else {
            return nil
        }
        self.text = text
    }

    /// Whether it is asked over TLS.
    let isSecure: Bool

    static let rule = "must be an https URL without user and fragment; http only for 127.0.0.1, [::1] and localhost"

    /// As much as the database keeps.
    private static let maximumLength = 2_048

    /// A host with or without a port (RFC 3986, section 3.2), in the characters that every reader takes for the same.
    private static func host(of authority: Substring.UTF8View) -> Substring.UTF8View? {
        let isAddress = authority.first == UInt8(ascii: "[")
        let end =
            isAddress
            ? authority.firstIndex(of: UInt8(ascii: "]")).map { authority.index(after: $0) }
            : authority.firstIndex(of: UInt8(ascii: ":")) ?? authority.endIndex
        guard let end else { return nil }
        let host = authority[..<end], port = authority[end...]
        let name = isAddress ? host.dropFirst().dropLast() : host
        guard !name.isEmpty, name.allSatisfy({ $0.isHostCharacter || isAddress && $0 == UInt8(ascii: ":") }) else {
            return nil
        }
        guard !port.isEmpty else { return host }
        guard port.first == UInt8(ascii: ":"), let number = UInt16(String(Substring(port.dropFirst()))), number > 0,
            port.dropFirst().allSatisfy(\.isDigit)
        else { return nil }
        return host
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

    fileprivate var isHostCharacter: Bool {
        isDigit || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) || "-._".utf8.contains(self)
    }
}
