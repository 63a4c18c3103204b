/// The reason why a request has no complete response.
///
/// A response is not an error, whatever its status.
public struct HTTPError: Error, Equatable, Sendable {
    /// The class of an error.
    public enum Kind: String, Sendable {
        /// The request is not valid. Nothing was sent.
        case invalidRequest

        /// The host name has no address, or the name service did not respond. Nothing was sent.
        case couldNotResolve

        /// The server refused the connection, or the connection was not established in time. Nothing was sent.
        case couldNotConnect

        /// The client's ``EgressPolicy`` does not allow the server's address. Nothing was sent.
        case forbiddenAddress

        /// TLS negotiation failed. Nothing was sent.
        case tls

        /// No trusted authority has signed the server's certificate, or the certificate is for another name. Nothing
        /// was sent.
        case untrusted

        /// The deadline passed, or no data moved for longer than the idle limit. The server may have received the
        /// request.
        case timeout

        /// The caller cancelled the request through its `Cancellation`. The server may have received the request.
        case cancelled

        /// The connection ended before the response was complete. The server may have received the request.
        case connectionLost

        /// The response exceeds the request's size limit.
        case tooLarge

        /// The response is not valid HTTP.
        case invalidResponse

        /// libcurl itself failed, for example because it could not allocate memory.
        case failed
    }

    public let kind: Kind

    /// The progress of the request.
    public let phase: Phase

    /// Whether a time limit expired: the deadline, the connect timeout or the idle limit.
    ///
    /// A connection that is not established in time is ``Kind/couldNotConnect``, like a refused connection.
    public let hasTimedOut: Bool

    /// libcurl's message.
    ///
    /// It is only for logs, because it may contain hosts and addresses.
    let message: String

    init(_ kind: Kind, _ message: String, in phase: Phase = .connecting, hasTimedOut: Bool = false) {
        self.kind = kind
        self.phase = phase
        self.hasTimedOut = hasTimedOut
        self.message = message
    }

    /// Whether any byte of a response had arrived, even if only the first line of its head.
    public var hadAnswer: Bool { phase.hasAnswer }
}

extension HTTPError: CustomStringConvertible, CustomDebugStringConvertible {
    /// A sentence that contains no hosts, addresses or values.
    public var description: String {
        switch kind {
        case .invalidRequest: "the request is not valid HTTP"
        case .couldNotResolve: "the server's name could not be resolved"
        case .couldNotConnect: "the server could not be reached"
        case .forbiddenAddress: "the server's address is not one that may be connected to"
        case .tls, .untrusted: "no trusted connection to the server"
        case .timeout: "the server did not answer in time"
        case .cancelled: "the request was cancelled"
        case .connectionLost: "the connection to the server was lost"
        case .tooLarge: "the server's answer is too large"
        case .invalidResponse: "the server's answer is not valid HTTP"
        case .failed: "the HTTP client failed"
        }
    }

    /// Whether no connection came about, for a reason that tells something about names and addresses.
    ///
    /// A team that chooses the URL must not learn which: the answers would map the operator's network.
    public var isUnreachable: Bool {
        switch kind {
        case .couldNotResolve, .couldNotConnect, .forbiddenAddress: true
        case .invalidRequest, .tls, .untrusted, .timeout, .cancelled, .connectionLost, .tooLarge, .invalidResponse,
            .failed:
            false
        }
    }

    /// ``description`` for whom chose the URL: one sentence for all errors that are ``isUnreachable``.
    public var publicDescription: String { isUnreachable ? "the server could not be reached" : description }

    /// ``description`` and libcurl's own words, for logs.
    public var debugDescription: String { "\(description): \(message)" }
}
