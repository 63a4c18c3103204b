/// A day of the Gregorian calendar, from year 1 to 9999.
public struct Day: Hashable, Comparable, Sendable, InputValue, OutputValue, CustomStringConvertible {
    /// Days since 1970-01-01.
    public let daysSince1970: Int

    /// Creates a day from its number of days since 1970-01-01.
    public init(daysSince1970: Int) {
        self.daysSince1970 = daysSince1970
    }

    /// The day in UTC that contains a point in time.
    public init(of time: Timestamp) {
        daysSince1970 = Int((time.secondsSince1970 - (time.secondsSince1970 % 86_400 + 86_400) % 86_400) / 86_400)
    }

    /// The day that is a number of days later, or earlier if the number is negative.
    public static func + (day: Day, days: Int) -> Day {
        Day(daysSince1970: day.daysSince1970 + days)
    }

    /// Parses `YYYY-MM-DD` (RFC 3339, `full-date`).
    ///
    /// Returns nil for a day that does not exist and for any other text.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            let year = Self.number(bytes[0..<4]), let month = Self.number(bytes[5..<7]),
            let day = Self.number(bytes[8..<10]), year >= 1, (1...12).contains(month)
        else { return nil }
        let date = CivilDate(year: year, month: month, day: day)
        guard CivilDate(daysSince1970: date.daysSince1970) == date else { return nil }
        daysSince1970 = Int(date.daysSince1970)
    }

    /// The first day of the month.
    public var startOfMonth: Day {
        let date = CivilDate(daysSince1970: Int64(daysSince1970))
        return Day(daysSince1970: daysSince1970 - Int(date.day) + 1)
    }

    public var description: String {
        let date = CivilDate(daysSince1970: Int64(daysSince1970))
        return "\(Self.padded(date.year, 4))-\(Self.padded(date.month, 2))-\(Self.padded(date.day, 2))"
    }

    public static var rule: String { "day, as in 2026-01-31" }
    public static var form: ValueForm { .format("date") }

    public init(input: JSONValue) throws(Violations) {
        guard let day = Day(try String(input: input)) else {
            throw Violations(.invalidFormat, "must be a day, as in 2026-01-31")
        }
        self = day
    }

    public func encode(to json: inout JSONWriter) { json.string(description) }

    public static func < (left: Day, right: Day) -> Bool { left.daysSince1970 < right.daysSince1970 }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
        var value: Int64 = 0
        for digit in digits {
            guard digit.isDigit else { return nil }
            value = value * 10 + Int64(digit - UInt8(ascii: "0"))
        }
        return value
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = "\(number)"
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}

/// A day of the proleptic Gregorian calendar.
///
/// The arithmetic is Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms": years start in March,
/// so that the leap day is the last of the year.
struct CivilDate: Equatable {
    let year: Int64
    let month: Int64
    let day: Int64

    init(year: Int64, month: Int64, day: Int64) {
        self.year = year
        self.month = month
        self.day = day
    }

    init(daysSince1970 days: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    var daysSince1970: Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
