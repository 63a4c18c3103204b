public import Base

/// What an answer's headers say about trying again.
public struct RetryAdvice: Hashable, Sendable {
    /// Whether the server wants it, from `x-should-retry`; nil when it says neither `true` nor `false`.
    public let shouldRetry: Bool?

    /// How long it is to be left alone.
    public let retryAfter: RetryAfter?

    /// Reads the headers.
    ///
    /// - Parameters:
    ///   - received: When the answer came, for one without a `date`.
    ///   - header: The value of the header of that name, in lower case; nil when there is none.
    public init(received: Timestamp = .now(), header: (_ name: String) -> String?) {
        shouldRetry = header("x-should-retry").flatMap { Bool($0.lowercasedASCII) }
        retryAfter = RetryAfter(received: received, header: header)
    }

    /// The server says nothing.
    public static let none = RetryAdvice { _ in nil }

    /// What to do after an error: as the server says, and where it says nothing, whether the error may pass.
    ///
    /// A server that says yes is still not waited for longer than the policy allows.
    public func decision(isTransient: Bool) -> RetryDecision {
        shouldRetry ?? isTransient ? .retry(after: retryAfter) : .stop
    }
}
