public import Base

/// The shortest wait before a retry that a server asks for.
///
/// A client may wait longer, never shorter. ``Retry`` does not retry if the wait exceeds the policy's limit or the
/// deadline.
public struct RetryAfter: Hashable, Comparable, Sendable {
    /// The wait, always longer than zero.
    public let delay: Duration

    /// Makes a wait; nil if the duration is zero or negative.
    public init?(_ delay: Duration) {
        guard delay > .zero else { return nil }
        self.delay = min(delay, Self.longest)
    }

    public static func < (left: RetryAfter, right: RetryAfter) -> Bool {
        left.delay < right.delay
    }

    /// The value for numbers that are too large: 100 years, longer than any policy allows.
    static var longest: Duration { .seconds(100 * 31_557_600) }
}

/// The retry advice in the headers of a response.
public struct RetryAdvice: Hashable, Sendable {
    /// The value of `x-should-retry`; nil if it is neither `true` nor `false`.
    public let shouldRetry: Bool?

    /// The shortest wait before a retry.
    public let retryAfter: RetryAfter?

    /// Reads the headers.
    ///
    /// - received: The time at which the response arrived, used if it has no `date`.
    /// - header: Returns the value of a header by its lower-case name; nil if the response lacks it.
    ///   - header: The value of the header of that name, in lower case; nil when there is none.
    public init(received: Timestamp = .now(), header: (_ name: String) -> String?) {
        shouldRetry = header("x-should-retry").flatMap { Bool($0.lowercasedASCII) }
        retryAfter = RetryAfter(received: received, header: header)
    }

    /// No advice.
    public static let none = RetryAdvice { _ in nil }
}

extension RetryAfter {
    /// Reads the wait from the headers of a response; nil if they contain no usable wait.
    ///
    /// `retry-after-ms`, in milliseconds, takes precedence over `retry-after`, in seconds or as an HTTP-date (RFC
    /// 9110, section 10.2.3). A number may have decimals and an exponent; it is never rounded down. A date is
    /// relative to the response's own `date`, so clock skew of this machine has no effect.
    ///
    /// - Parameters:
    ///   - received: The time at which the response arrived, used if it has no `date`.
    ///   - header: Returns the value of a header by its lower-case name; nil if the response lacks it.
    public init?(received: Timestamp = .now(), header: (_ name: String) -> String?) {
        if let milliseconds = header("retry-after-ms"), let number = WaitNumber(milliseconds) {
            self.init(number, nanoseconds: 1_000_000)
        } else if let text = header("retry-after") {
            if let number = WaitNumber(text) {
                self.init(number, nanoseconds: 1_000_000_000)
            } else {
                let now = header("date").flatMap { Timestamp(httpDate: $0.trimmingBlanks, now: received) } ?? received
                guard let point = Timestamp(httpDate: text.trimmingBlanks, now: now) else { return nil }
                self.init(.microseconds(point.microsecondsSince1970 - now.microsecondsSince1970))
            }
        } else {
            return nil
        }
    }

    private init?(_ number: WaitNumber, nanoseconds unit: Double) {
        guard case .finite(let value) = number else { return nil }
        let nanoseconds = (value * unit).rounded(.up)
        guard nanoseconds > 0 else { return nil }
        self.init(nanoseconds < 9e18 ? .nanoseconds(Int64(nanoseconds)) : Self.longest)
    }
}

/// The value of a header that should be a number.
private enum WaitNumber {
    /// A number; infinite if it is too large for a `Double`.
    case finite(Double)
    /// A word for a value that is not a usable number, such as `nan`.
    case none

    /// Parses a number; nil if the text is not meant as one.
    init?(_ text: String) {
        let text = text.trimmingBlanks.lowercasedASCII
        let unsigned = text.utf8.first.map { "+-".utf8.contains($0) } ?? false ? String(text.dropFirst()) : text
        guard !["nan", "inf", "infinity"].contains(unsigned) else {
            self = .none
            return
        }
        // `Double` would also take hexadecimal digits.
        guard text.utf8.allSatisfy({ "0123456789.e+-".utf8.contains($0) }), let value = Double(text) else { return nil }
        self = .finite(value)
    }
}
