/// Why a request has no answer, or not all of it.
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

        /// The server is where the client's ``EgressPolicy`` does not go; nothing was sent.
        case forbiddenAddress

        /// The two sides did not come to terms about encryption; nothing was sent.
        case tls

        /// Nobody that is believed vouches for the server's certificate, or for this name; nothing was sent.
        case untrusted

        /// The deadline passed, or the server was silent for too long. It may have received the request.
        case timeout

        /// The caller's `Cancellation` was told. The server may have received the request.
        case cancelled

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

    /// How far the request had come.
    public let phase: Phase

    /// Whether time ran out, be it the request's, that for connecting, or that for silence.
    ///
    /// A connection that does not come in time is ``Kind/couldNotConnect`` like one that is refused.
    public let hasTimedOut: Bool

    /// What libcurl says about it.
    ///
    /// For logs: it may name hosts and addresses.
    let message: String

    init(_ kind: Kind, _ message: String, in phase: Phase = .connecting, hasTimedOut: Bool = false) {
        self.kind = kind
        self.phase = phase
        self.hasTimedOut = hasTimedOut
        self.message = message
    }

    /// Whether any of an answer had come, be it only the first line of its head.
    public var hadAnswer: Bool { phase.hasAnswer }
}

extension HTTPError: CustomStringConvertible, CustomDebugStringConvertible {
    /// A sentence that says nothing about hosts, addresses or values.
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
