extension Timestamp {
    /// Parses an HTTP-date in any of its three formats (RFC 9110, section 5.6.7).
    ///
    /// Returns nil for any other text.
    ///
    /// The obsolete format of RFC 850 has a year of two digits. It means the latest year with these last digits that is
    /// not more than 50 years after `now`.
    ///
    /// - Parameters:
    ///   - text: `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` or `Sun Nov  6 08:49:37 1994`.
    ///   - now: The current time, which determines the century of a two-digit year.
    public init?(httpDate text: String, now: Timestamp = .now()) {
        var scanner = HTTPDateScanner(text)
        guard let parts = scanner.fixdate() ?? scanner.rfc850() ?? scanner.asctime() else { return nil }
        let years = parts.hasCentury ? [parts.year] : Self.years(endingWith: parts.year, around: now)
        let points = years.compactMap { Self.point(in: $0, parts) }
        guard let point = points.first(where: { parts.hasCentury || $0 <= now.fiftyYearsLater }) else { return nil }
        self = point
    }

    /// The years in three centuries that end with two given digits, latest first.
    private static func years(endingWith digits: Int64, around now: Timestamp) -> [Int64] {
        let century = CivilDate(daysSince1970: now.secondsSince1970 / 86_400).year / 100 * 100
        return [century + 100, century, century - 100].map { $0 + digits }
    }

    private var fiftyYearsLater: Timestamp {
        let today = CivilDate(daysSince1970: secondsSince1970 / 86_400)
        let then = CivilDate(year: today.year + 50, month: today.month, day: today.day)
        return self + .seconds((then.daysSince1970 - today.daysSince1970) * 86_400)
    }

    private static func point(in year: Int64, _ parts: HTTPDateParts) -> Timestamp? {
        let date = CivilDate(year: year, month: parts.month, day: parts.day)
        guard CivilDate(daysSince1970: date.daysSince1970) == date else { return nil }
        return Timestamp(microsecondsSince1970: (date.daysSince1970 * 86_400 + parts.secondOfDay) * 1_000_000)
    }
}

private struct HTTPDateParts {
    let year: Int64
    var hasCentury = true
    let month: Int64
    let day: Int64
    let secondOfDay: Int64
}

/// Parses the three formats, each from the start of the text.
private struct HTTPDateScanner {
    private let all: [UInt8]
    private var rest: ArraySlice<UInt8>

    init(_ text: String) {
        all = Array(text.utf8)
        rest = all[...]
    }

    mutating func fixdate() -> HTTPDateParts? {
        rest = all[...]
        guard word(of: Self.shortDays) != nil, take(", "), let day = number(2), take(" "),
            let month = word(of: Self.months), take(" "), let year = number(4), take(" "),
            let time = time(), take(" GMT"), rest.isEmpty
        else { return nil }
        return HTTPDateParts(year: year, month: month + 1, day: day, secondOfDay: time)
    }

    mutating func rfc850() -> HTTPDateParts? {
        rest = all[...]
        guard word(of: Self.longDays) != nil, take(", "), let day = number(2), take("-"),
            let month = word(of: Self.months), take("-"), let year = number(2), take(" "),
            let time = time(), take(" GMT"), rest.isEmpty
        else { return nil }
        return HTTPDateParts(year: year, hasCentury: false, month: month + 1, day: day, secondOfDay: time)
    }

    mutating func asctime() -> HTTPDateParts? {
        rest = all[...]
        guard word(of: Self.shortDays) != nil, take(" "), let month = word(of: Self.months), take(" "),
            let day = take(" ") ? number(1) : number(2), take(" "),
            let time = time(), take(" "), let year = number(4), rest.isEmpty
        else { return nil }
        return HTTPDateParts(year: year, month: month + 1, day: day, secondOfDay: time)
    }

    private mutating func time() -> Int64? {
        guard let hour = number(2), hour < 24, take(":"), let minute = number(2), minute < 60, take(":"),
            // A leap second has the number 60.
            let second = number(2), second <= 60
        else { return nil }
        return hour * 3_600 + minute * 60 + second
    }

    private mutating func word(of words: [String]) -> Int64? {
        words.firstIndex { take($0) }.map(Int64.init)
    }

    private mutating func take(_ text: String) -> Bool {
        guard rest.starts(with: text.utf8) else { return false }
        rest = rest.dropFirst(text.utf8.count)
        return true
    }

    private mutating func number(_ digits: Int) -> Int64? {
        let head = rest.prefix(digits)
        guard head.count == digits, head.allSatisfy(\.isDigit)
        else { return nil }
        rest = rest.dropFirst(digits)
        return head.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }

    private static var shortDays: [String] { ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] }

    private static var longDays: [String] {
        ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    }

    private static var months: [String] {
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    }
}
