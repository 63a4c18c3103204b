import Base
import Testing

struct DayTests {
    @Test(arguments: [
        ("1970-01-01", 0), ("1969-12-31", -1), ("2000-02-29", 11_016), ("2026-01-31", 20_484), ("0001-01-01", -719_162),
        ("9999-12-31", 2_932_896),
    ])
    func `a day converts to a number of days and to text`(text: String, days: Int) {
        #expect(Day(text)?.daysSince1970 == days)
        #expect(Day(daysSince1970: days).description == text)
    }

    @Test(arguments: [
        "", "2026-1-31", "2026-02-29", "2026-13-01", "2026-00-01", "2026-04-31", "2026-01-00", "0000-01-01",
        "2026/01/31",
        "2026-01-31T00:00:00Z", "+026-01-31", "2026-01-3\u{661}", " 2026-01-31", "20260131", "٢٠٢٦-01-31",
    ])
    func `an invalid date is rejected`(text: String) {
        #expect(Day(text) == nil)
    }

    @Test(arguments: [
        ("2026-01-31T23:59:59.999999Z", "2026-01-31"), ("2026-02-01T00:00:00Z", "2026-02-01"),
        ("2026-02-01T00:30:00+01:00", "2026-01-31"), ("1969-12-31T23:59:59.5Z", "1969-12-31"),
        ("1970-01-01T00:00:00Z", "1970-01-01"),
    ])
    func `a timestamp falls on its day in UTC`(time: String, day: String) throws {
        #expect(Day(of: try #require(Timestamp(time))).description == day)
    }

    @Test(arguments: [("2026-01-31", "2026-01-01"), ("2024-02-29", "2024-02-01"), ("2026-12-01", "2026-12-01")])
    func `a month begins on its first day`(day: String, first: String) throws {
        #expect(try #require(Day(day)).startOfMonth.description == first)
    }
}
