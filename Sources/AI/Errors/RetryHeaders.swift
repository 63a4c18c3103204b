public import HTTPClient

/// What an answer says about trying again, as it came.
public struct RetryHeaders: Sendable, Hashable {
    /// `retry-after`: seconds or a date (RFC 9110, section 10.2.3).
    public var retryAfter: String?

    /// `retry-after-ms`: milliseconds.
    public var retryAfterMilliseconds: String?

    /// `date`, which a date in `retry-after` is to be compared with.
    public var date: String?

    /// `x-should-retry`.
    public var shouldRetry: Bool?

    /// Says nothing.
    public init() {}

    /// Picks them out of an answer's header.
    ///
    /// - Parameter headers: Names in lower case and values.
    public init(_ headers: [(name: String, value: String)]) {
        func value(_ name: String) -> String? { headers.first { $0.name == name }?.value }
        retryAfter = value("retry-after")
        retryAfterMilliseconds = value("retry-after-ms")
        date = value("date")
        shouldRetry =
            switch value("x-should-retry") {
            case "true": true
            case "false": false
            default: nil
            }
    }

    /// Picks them out of an answer.
    public init(_ response: HTTPResponse) {
        self.init(response.headers)
    }
}
