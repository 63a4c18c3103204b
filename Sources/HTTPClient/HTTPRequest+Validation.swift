internal import Base

extension HTTPRequest {
    /// Rejects a request that would change its meaning when it is sent.
    ///
    /// libcurl sends header lines unchanged. A line break in a value would start a new header field (RFC 9110, section
    /// 5.5), and a NUL would cut the line.
    ///
    /// - Throws: ``HTTPError`` of kind ``HTTPError/Kind/invalidRequest``; its message never quotes a value.
    func validate() throws(HTTPError) {
        guard url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw HTTPError(.invalidRequest, "the URL has a space, a control character or a byte outside ASCII")
        }
        guard isSecure || hasScheme("http://") else {
            throw HTTPError(.invalidRequest, "the URL does not begin with http:// or https://")
        }
        for header in headers {
            guard !header.name.isEmpty, header.name.utf8.allSatisfy(\.isTokenCharacter) else {
                throw HTTPError(.invalidRequest, "a header name is not a token")
            }
            guard header.value.utf8.allSatisfy(\.isFieldCharacter) else {
                throw HTTPError(.invalidRequest, "the value of header \(header.name) has a control character")
            }
            guard !["content-length", "transfer-encoding", "expect"].contains(header.name.lowercased()) else {
                throw HTTPError(.invalidRequest, "the client sets header \(header.name) itself")
            }
        }
        guard body == nil || method != .get && method != .head else {
            throw HTTPError(.invalidRequest, "a \(method.rawValue) request has no body")
        }
        guard maximumResponseBytes >= 0 else {
            throw HTTPError(.invalidRequest, "the response limit is negative")
        }
        if let idleLimit, idleLimit <= .zero {
            throw HTTPError(.invalidRequest, "the idle limit is not positive")
        }
        if let firstByteLimit, firstByteLimit <= .zero {
            throw HTTPError(.invalidRequest, "the limit of the first byte is not positive")
        }
    }

    var isSecure: Bool { hasScheme("https://") }

    /// Whether connecting to the server needs name resolution.
    ///
    /// A literal address needs none. With a proxy the answer is true, because only libcurl knows the proxy and its host
    /// may be a name.
    var needsNameService: Bool {
        guard !usesProxy, let slashes = url.utf8.firstIndex(of: UInt8(ascii: "/")) else { return true }
        let authority = url.utf8[slashes...].drop { $0 == UInt8(ascii: "/") }
            .prefix { ![UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#")].contains($0) }
        let host = authority.prefix { $0 != UInt8(ascii: ":") }
        return !host.allSatisfy { $0 == UInt8(ascii: ".") || $0.isDigit } && host.first != UInt8(ascii: "[")
    }

    private func hasScheme(_ scheme: String) -> Bool {
        url.utf8.count > scheme.utf8.count && zip(url.utf8, scheme.utf8).allSatisfy { $0 | 0x20 == $1 }
    }
}

extension UInt8 {
    /// RFC 9110, section 5.6.2.
    fileprivate var isTokenCharacter: Bool {
        isDigit || isLetter || "!#$%&'*+-.^_`|~".utf8.contains(self)
    }

    /// RFC 9110, section 5.5: visible characters, bytes from 128 up, space and tab.
    fileprivate var isFieldCharacter: Bool { self >= 0x20 && self != 0x7F || self == 0x09 }
}
