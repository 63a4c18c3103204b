internal import Base

/// A mail server and the credentials for it.
///
/// The URL is `smtp://user:password@host:port`, or `smtps://` if the connection starts with TLS (RFC 8314, section
/// 3.3). User and password are percent-encoded. The default port is 25, or 465 for `smtps://`.
public struct SMTPServer: Sendable {
    /// The error for a URL that does not name a mail server.
    public struct InvalidURL: Error, CustomStringConvertible {
        /// The rule that the URL violates.
        ///
        /// It contains no part of the URL.
        public let description: String
    }

    struct Credentials: Sendable {
        let user: Secret
        let password: Secret
    }

    /// Scheme, host and port: the only parts that may appear in a log.
    let address: String
    let isSecure: Bool
    let credentials: Credentials?

    /// Whether connecting to the server needs name resolution.
    let needsNameService: Bool

    /// Parses a URL.
    ///
    /// - Throws: ``InvalidURL`` if the URL does not name a mail server.
    public init(url: String) throws(InvalidURL) {
        guard url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw InvalidURL(description: "must have no space, control character or byte outside ASCII")
        }
        guard let colon = url.utf8.firstIndex(of: UInt8(ascii: ":")), url.utf8[colon...].starts(with: "://".utf8),
            let scheme = Scheme(rawValue: url[..<colon].lowercased())
        else { throw InvalidURL(description: "must begin with smtp:// or smtps://") }
        var authority = url.utf8[colon...].dropFirst(3)
        if authority.last == UInt8(ascii: "/") { authority.removeLast() }
        if let at = authority.lastIndex(of: UInt8(ascii: "@")) {
            credentials = try Self.credentials(authority[..<at])
            authority = authority[authority.index(after: at)...]
        } else {
            credentials = nil
        }
        let (host, port) = try Self.hostAndPort(authority)
        isSecure = scheme == .smtps
        address = "\(scheme.rawValue)://\(host):\(port ?? (isSecure ? 465 : 25))"
        needsNameService =
            host.utf8.first != UInt8(ascii: "[")
            && host.utf8.contains { !$0.isDigit && $0 != UInt8(ascii: ".") }
    }
}

extension SMTPServer {
    private enum Scheme: String {
        case smtp, smtps
    }

    private static func credentials(_ text: Substring.UTF8View) throws(InvalidURL) -> Credentials {
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")),
            let user = PercentEncoding.decode(text[..<colon]), !user.isEmpty,
            let password = PercentEncoding.decode(text[text.index(after: colon)...]), !password.isEmpty
        else { throw InvalidURL(description: "must have both user and password before the @, percent-encoded") }
        // A control character would end the SMTP command line.
        guard !(user + password).contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw InvalidURL(description: "must have no control character in user and password")
        }
        return Credentials(user: Secret(user), password: Secret(password))
    }

    private static func hostAndPort(_ text: Substring.UTF8View) throws(InvalidURL) -> (host: Substring, port: Int?) {
        let invalid = InvalidURL(description: "must have a host, a port if not the usual one, and nothing behind them")
        let isBracketed = text.first == UInt8(ascii: "[")
        let end: Substring.UTF8View.Index
        if isBracketed {
            guard let bracket = text.firstIndex(of: UInt8(ascii: "]")) else { throw invalid }
            end = text.index(after: bracket)
        } else {
            end = text.firstIndex(of: UInt8(ascii: ":")) ?? text.endIndex
        }
        let host = text[..<end]
        let inside = isBracketed ? host.dropFirst().dropLast() : host
        guard !inside.isEmpty, inside.allSatisfy({ isBracketed ? isPartOfAddress($0) : isPartOfName($0) }) else {
            throw invalid
        }
        let rest = text[end...]
        guard !rest.isEmpty else { return (Substring(host), nil) }
        let digits = rest.dropFirst()
        guard rest.first == UInt8(ascii: ":"), digits.allSatisfy(\.isDigit), digits.count <= 5,
            let port = Int(Substring(digits)), (1...65_535).contains(port)
        else { throw invalid }
        return (Substring(host), port)
    }

    private static func isPartOfName(_ byte: UInt8) -> Bool {
        byte.isDigit || byte.isLetter || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }

    /// Whether a byte may appear in an address in brackets (RFC 3986, section 3.2.2), without a zone.
    private static func isPartOfAddress(_ byte: UInt8) -> Bool {
        byte.isHexadecimalDigit || byte == UInt8(ascii: ".") || byte == UInt8(ascii: ":")
    }
}
