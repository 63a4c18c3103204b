public import Base

/// How much a provider says may still be asked for.
public struct RateLimits: Sendable, Hashable {
    /// The windows that it counts in, by name: `requests`, `tokens`, `input-tokens`, `output-tokens`.
    public let windows: [Window]

    /// When the answer was given, by the provider's own clock where it tells.
    private let time: Timestamp

    /// What is counted together.
    public struct Window: Sendable, Hashable {
        public let name: String
        public let limit: Int?
        public let remaining: Int?

        /// When all may be asked for again.
        public let reset: Timestamp?
    }

    /// Reads what both providers say in headers; nil if they say nothing.
    ///
    /// Anthropic's resets are points in time, OpenAI's are durations. Some servers write -1 or 0 for what they do not
    /// count.
    ///
    /// - Parameters:
    ///   - headers: Names in lower case and values.
    ///   - time: When they came.
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

    /// How long the windows of which nothing is left stay so; nil where none says.
    ///
    /// It is the time between two of the provider's own, so this machine's clock has no say in it.
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
    /// Writes an object that has a member for each window.
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
    /// Reads a duration as Go prints it: `12ms`, `6m0s`, `1h2m3.5s`; nil for anything else.
    ///
    /// A number without a unit is none, and so is what is negative or longer than a century.
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

    /// Reads a number with its unit, as nanoseconds.
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
