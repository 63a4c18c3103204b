import Base
import Cryptography
import HTTPClient

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
    fileprivate var isHostCharacter: Bool {
        isDigit || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) || "-._".utf8.contains(self)
    }
}

extension KeySetURL {
    /// The longest that a caller waits for its issuer.
    private static let patience = Duration.seconds(2)

    /// The largest answer, in bytes; it is also as much as the database keeps.
    private static let maximumBytes = 256 << 10

    /// Asks for the keys, once and without following where an answer points.
    ///
    /// - Parameter deadline: When the call's own time is over.
    /// - Returns: The keys, and the text they were read from.
    /// - Throws: ``FetchFailure`` for any answer but 200 with a key set that is good as a whole.
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

    /// Why there are no new keys.
    enum FetchFailure: Error {
        case noAnswer(HTTPError)
        case status(Int)
        case unusable(KeyError)

        /// What an operator can tell apart.
        var reason: String {
            switch self {
            // To an operator a certificate that is not trusted is a fault of TLS like any other.
            case .noAnswer(let error): (error.kind == .untrusted ? .tls : error.kind).rawValue
            case .status: "status"
            case .unusable(let error): error.rule.rawValue
            }
        }

        /// All there is to know, for the log.
        var details: String {
            switch self {
            case .noAnswer(let error): error.debugDescription
            case .status(let status): "the answer's status is \(status)"
            case .unusable(let error): error.description
            }
        }
    }
}
