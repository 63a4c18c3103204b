/// Why a call failed, in as many cases as are handled differently.
enum AIFailure: Sendable, Hashable, CaseIterable {
    // Ours.
    case notConfigured
    case circuitOpen
    case budgetExceeded
    case cancelled
    case outOfTime
    case unsupported
    case clientFailed

    // The connection.
    case unresolved
    case refusedConnection
    case untrusted
    case handshakeFailed
    case connectTimeout
    case noAnswer
    case stalled
    case connectionLost

    // The provider says so.
    case badRequest
    case invalidContent
    case authFailed
    case quotaExhausted
    case forbidden
    case modelNotFound
    case requestTimeout
    case conflict
    case contextTooLong
    case rateLimited
    case internalError
    case gatewayTimeout
    case overloaded
    case redirected
    case contentRefused

    // The answer.
    case unreadable
    case cut
    case empty
    case refused
    case unexpectedStop
    case schemaMismatch
}
