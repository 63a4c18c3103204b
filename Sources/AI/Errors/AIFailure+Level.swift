extension AIFailure {
    /// What a failure concerns.
    enum Level {
        /// The provider: its host cannot be reached or cannot work.
        case provider

        /// The key and its account.
        case key

        /// The model, and of other models nothing.
        case model
    }

    /// What the failure concerns, where ``handling`` changes a breaker.
    var level: Level {
        switch self {
        case .unresolved, .refusedConnection, .untrusted, .handshakeFailed, .connectTimeout, .noAnswer, .stalled,
            .connectionLost, .requestTimeout, .unavailable, .gatewayTimeout, .overloaded:
            .provider
        case .authFailed, .quotaExhausted: .key
        default: .model
        }
    }
}
