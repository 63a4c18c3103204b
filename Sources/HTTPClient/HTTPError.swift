/// Why a request has no answer.
///
/// A response of any status is not an error.
public struct HTTPError: Error, Equatable, Sendable {
    /// What a caller can tell apart.
    public enum Kind: String, Sendable {
        /// The request can never be sent as it is; nothing was sent.
        case invalidRequest

        /// The host name has no address, or the name service gave no answer; nothing was sent.
        case couldNotResolve

        /// No connection in time, or it was refused; nothing was sent.
        case couldNotConnect

        /// No trusted, encrypted connection; nothing was sent.
        case tls

        /// The deadline passed. The server may have received the request.
        case timeout

        /// The connection ended before the answer was whole. The server may have received the request.
        case connectionLost

        /// The answer is larger than the request allows.
        case tooLarge

        /// What came back is not HTTP.
        case invalidResponse

        /// libcurl itself failed, for instance for want of memory.
        case failed
    }

    public let kind: Kind

    /// What libcurl says about it.
    ///
    /// For logs: it may name hosts and addresses.
    let message: String

    init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}

extension HTTPError: CustomStringConvertible, CustomDebugStringConvertible {
    /// A sentence that says nothing about hosts, addresses or values.
    public var description: String {
        switch kind {
        case .invalidRequest: "the request is not valid HTTP"
        case .couldNotResolve: "the server's name could not be resolved"
        case .couldNotConnect: "the server could not be reached"
        case .tls: "no trusted connection to the server"
        case .timeout: "the server did not answer in time"
        case .connectionLost: "the connection to the server was lost"
        case .tooLarge: "the server's answer is too large"
        case .invalidResponse: "the server's answer is not valid HTTP"
        case .failed: "the HTTP client failed"
        }
    }

    /// ``description`` and libcurl's own words, for logs.
    public var debugDescription: String { "\(description): \(message)" }
}
