public import Base

/// The rate limits that a provider reports in its response headers.
public struct RateLimits: Sendable, Hashable {
    /// The rate limits by name: `requests`, `tokens`, `input-tokens`, `output-tokens`.
    public let windows: [Window]

    /// The time of the response, by the provider's clock if it sent a `Date`.
    private let time: Timestamp

    /// One limit with its remainder and its reset time.
    public struct Window: Sendable, Hashable {
        public let name: String
        public let limit: Int?
        public let remaining: Int?

        /// The time at which the whole limit is available again.
        public let reset: Timestamp?
    }

    /// Reads the headers of either provider; nil if they report no limits.
    ///
    /// Anthropic sends reset times as points in time, OpenAI as durations. Some servers send -1 or 0 for a limit that
    /// they do not count.
    ///
    /// - Parameters:
    ///   - headers: Names in lower case and values.
    ///   - time: The time at which the headers arrived.
    public init?(_ headers: [(name: String, value: String)], at time: Timestamp) {
        func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
        let time = header("date").flatMap { Timestamp(httpDate: $0, now: time) } ?? time
        self.time = time
        windows = ["requests", "tokens", "input-tokens", "output-tokens"].compactMap { name in
            func value(of part: String) -> String? {
                header("anthropic-ratelimit-\(name)-\(part)") ?? header("x-ratelimit-\(part)-\(name)")
            }
            let limit = value(of: "limit").flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
            let remaining = value(of: "remaining").flatMap { Int($0) }.flatMap { $0 > 0 || limit != nil ? $0 : nil }
            let window = Window(
                name: name,
                limit: limit,
                remaining: remaining.flatMap { $0 >= 0 ? $0 : nil },
                reset: value(of: "reset").flatMap { Self.reset($0, at: time) }
            )
            return window.isEmpty ? nil : window
        }
        if windows.isEmpty { return nil }
    }

    /// The longest time until an exhausted window resets; nil if no exhausted window reports a reset.
    ///
    /// It is the difference of two times by the provider's clock, so clock skew of this machine has no effect.
    var longestWait: Duration? {
        windows.filter { $0.remaining == 0 }.compactMap(\.reset).max()
            .map { .microseconds($0.microsecondsSince1970 - time.microsecondsSince1970) }
    }

    private static func reset(_ text: String, at time: Timestamp) -> Timestamp? {
        Timestamp(text) ?? Duration(go: text).map { time + $0 }
    }
}

extension RateLimits.Window {
    fileprivate var isEmpty: Bool { limit == nil && remaining == nil && reset == nil }
}

extension RateLimits: JSONEncodable {
    /// Writes an object with one member per window.
    public func encode(to json: inout JSONWriter) {
        json.object { json in
            for window in windows {
                json.member(window.name) { json in
                    json.object { json in
                        if let limit = window.limit { json.member("limit", limit) }
                        if let remaining = window.remaining { json.member("remaining", remaining) }
                        if let reset = window.reset { json.member("reset", reset) }
                    }
                }
            }
        }
    }
}

extension Duration {
    /// Reads a duration in Go's format: `12ms`, `6m0s`, `1h2m3.5s`; nil for any other text.
    ///
    /// A number without a unit, a negative duration and one of more than a century are invalid.
    init?(go text: String) {
        var rest = text.utf8[...]
        var total: Int64 = 0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            guard let part = Self.part(&rest) else { return nil }
            total += part
            guard total < Self.century else { return nil }
        }
        self = .nanoseconds(total)
    }

    private static var century: Int64 { 100 * 366 * 86_400 * 1_000_000_000 }

    /// Reads a number with its unit, in nanoseconds.
    private static func part(_ rest: inout Substring.UTF8View) -> Int64? {
        let digits = rest.prefix(while: \.isDigit)
        rest = rest.dropFirst(digits.count)
        var decimals = rest.prefix(0)
        if rest.first == UInt8(ascii: ".") {
            decimals = rest.dropFirst().prefix(while: \.isDigit)
            rest = rest.dropFirst(decimals.count + 1)
        }
        let unit = rest.prefix { !$0.isDigit && $0 != UInt8(ascii: ".") }
        rest = rest.dropFirst(unit.count)
        guard digits.count + decimals.count > 0, let scale = scale(of: String(unit)),
            let whole = digits.isEmpty ? 0 : Int64(Substring(digits)), whole < century / scale
        else { return nil }
        var nanoseconds = whole * scale
        var place = scale
        for digit in decimals {
            place /= 10
            nanoseconds += Int64(digit - UInt8(ascii: "0")) * place
        }
        return nanoseconds
    }

    private static func scale(of unit: String?) -> Int64? {
        switch unit {
        case "ns": 1
        case "us", "µs", "μs": 1_000
        case "ms": 1_000_000
        case "s": 1_000_000_000
        case "m": 60_000_000_000
        case "h": 3_600_000_000_000
        default: nil
        }
    }
}
