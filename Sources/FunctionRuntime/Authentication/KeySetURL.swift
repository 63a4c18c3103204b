import Base
import Cryptography
import HTTPClient

/// The URL of an issuer's signing keys: the value of `NOFX_JWKS_URL`.
///
/// The server at this URL decides which tokens are valid, so the URL must use TLS. Plain HTTP is allowed only for the
/// local machine, for development. The database stores the URL, so it must not contain a credential.
struct KeySetURL: Sendable {
    let text: String

    /// Parses a URL.
    ///
    /// Returns nil if the URL is not allowed.
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

    /// Whether the URL uses TLS.
    let isSecure: Bool

    static let rule = "must be an https URL without user and fragment; http only for 127.0.0.1, [::1] and localhost"

    /// In bytes; the database accepts no longer URL.
    private static let maximumLength = 2_048

    /// The host of an authority with or without a port (RFC 3986, section 3.2).
    ///
    /// Accepts only characters that all URL parsers interpret in the same way.
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
    fileprivate var isHostCharacter: Bool {
        isDigit || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) || "-._".utf8.contains(self)
    }
}

extension KeySetURL {
    /// The longest time that a call waits for the issuer.
    private static let patience = Duration.seconds(2)

    /// The largest response in bytes.
    ///
    /// The database accepts no larger key set.
    private static let maximumBytes = 256 << 10

    /// Fetches the keys with one request, without following redirects.
    ///
    /// - Parameter deadline: The deadline of the call.
    /// - Returns: The keys, and the text from which they were parsed.
    /// - Throws: ``FetchFailure`` unless the response has status 200 and a completely valid key set.
    func fetch(until deadline: Deadline) throws(FetchFailure) -> (keys: JSONWebKeySet, json: String) {
        let response: HTTPResponse
        do throws(HTTPError) {
            var client = HTTPClient(userAgent: "nofx")
            let request = HTTPRequest(
                .get,
                text,
                headers: [("Accept", "application/json")],
                maximumResponseBytes: Self.maximumBytes,
                usesProxy: isSecure
            )
            response = try client.send(request, deadline: min(deadline, .after(Self.patience)))
        } catch {
            throw .noAnswer(error)
        }
        guard response.status == 200 else { throw .status(response.status) }
        do throws(KeyError) {
            return (try JSONWebKeySet(json: response.body), String(decoding: response.body, as: UTF8.self))
        } catch {
            throw .unusable(error)
        }
    }

    /// The reason why a fetch failed.
    enum FetchFailure: Error {
        case noAnswer(HTTPError)
        case status(Int)
        case unusable(KeyError)

        /// The reason as a word for the log, by which an operator can tell failures apart.
        var reason: String {
            switch self {
            // For an operator an untrusted certificate is a TLS failure.
            case .noAnswer(let error): (error.kind == .untrusted ? .tls : error.kind).rawValue
            case .status: "status"
            case .unusable(let error): error.rule.rawValue
            }
        }

        /// The complete error, for the log.
        var details: String {
            switch self {
            case .noAnswer(let error): error.debugDescription
            case .status(let status): "the answer's status is \(status)"
            case .unusable(let error): error.description
            }
        }
    }
}
