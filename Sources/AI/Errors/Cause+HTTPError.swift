internal import HTTPClient

extension AIError.Cause {
    /// What it means that a request has no answer.
    init(_ error: HTTPError) {
        self =
            switch error.kind {
            case .invalidRequest: .unsupported
            case .couldNotResolve: .unresolved
            case .couldNotConnect: .refusedConnection
            case .tls: .untrusted
            case .timeout: .noAnswer
            case .connectionLost: .connectionLost
            case .tooLarge: .unreadable
            case .invalidResponse: .unreadable
            case .failed: .clientFailed
            }
    }
}
