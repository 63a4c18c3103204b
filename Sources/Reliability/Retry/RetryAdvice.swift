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
}
