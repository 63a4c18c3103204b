internal import HTTPClient

extension AIFailure {
    /// What it means that a request has no answer.
    init(_ error: HTTPError) {
        self =
            switch error.kind {
            case .invalidRequest: .unsupported
            case .couldNotResolve: .unresolved
            case .couldNotConnect: error.hasTimedOut ? .connectTimeout : .refusedConnection
            // Providers are the operator's choice, and their client goes anywhere.
            case .forbiddenAddress: .unsupported
            case .untrusted: .untrusted
            case .tls: .handshakeFailed
            case .timeout: error.hadAnswer ? .stalled : .noAnswer
            case .cancelled: .cancelled
            case .connectionLost: .connectionLost
            case .tooLarge: .unreadable
            case .invalidResponse: .unreadable
            case .failed: .clientFailed
            }
    }
}
