import Base
import Cryptography
import HTTPClient

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
