public import Base

/// How long a server asks to be left alone, at least.
///
/// It is a floor: what waits may wait longer, never shorter. ``Retry`` gives up at once where it is more than the
/// policy or the deadline has room for.
public struct RetryAfter: Hashable, Comparable, Sendable {
    /// The least wait, always more than nothing.
    public let delay: Duration

    /// Takes a wait; nil for none and for a negative one.
    public init?(_ delay: Duration) {
        guard delay > .zero else { return nil }
        self.delay = min(delay, Self.longest)
    }

    public static func < (left: RetryAfter, right: RetryAfter) -> Bool {
        left.delay < right.delay
    }

    /// What a number too large to count with stands for: 100 years, which is longer than any policy allows.
    static var longest: Duration { .seconds(100 * 31_557_600) }
}

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

extension RetryAfter {
    /// What the headers of an answer ask for; nil when they ask for nothing that could be waited for.
    ///
    /// `retry-after-ms`, a number of milliseconds, counts before `retry-after`, a number of seconds or an HTTP-date
    /// (RFC 9110, section 10.2.3). A number may have decimals and an exponent; nothing is rounded down. A date counts
    /// from the answer's own `date`, so that it does not matter what this machine's clock shows.
    ///
    /// - Parameters:
    ///   - received: When the answer came, for one without a `date`.
    ///   - header: The value of the header of that name, in lower case; nil when there is none.
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

/// What a header that should be a number says.
private enum WaitNumber {
    /// A number, infinite when it is written with more digits than can be counted with.
    case finite(Double)
    /// A word for what is no number to wait for.
    case none

    /// Parses a number; nil when it is not even meant to be one.
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
