import Base
import Testing

@Suite struct HTTPDateTests {
    // Cases: breaker 69
    @Test(
        arguments: [
            "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        ]
    )
    func `the example of RFC 9110 is read in its three forms`(_ text: String) {
        #expect(Timestamp(httpDate: text) == Timestamp("1994-11-06T08:49:37Z"))
    }

    // Cases: breaker 69
    @Test(
        arguments: [
            ("2026-11-24T00:00:00Z", "Friday, 24-Nov-76 00:00:00 GMT", "2076-11-24T00:00:00Z"),
            ("2026-11-24T00:00:00Z", "Friday, 25-Nov-76 12:00:01 GMT", "1976-11-25T12:00:01Z"),
            ("2099-12-31T00:00:00Z", "Friday, 01-Jan-00 00:00:00 GMT", "2100-01-01T00:00:00Z"),
            ("2001-01-01T00:00:00Z", "Friday, 31-Dec-99 00:00:00 GMT", "1999-12-31T00:00:00Z"),
            ("2026-11-24T00:00:00Z", "Tuesday, 29-Feb-00 00:00:00 GMT", "2000-02-29T00:00:00Z"),
        ]
    )
    func `a two-digit year is the latest within 50 years`(_ now: String, _ text: String, _ expected: String) throws {
        let now = try #require(Timestamp(now))
        #expect(Timestamp(httpDate: text, now: now) == Timestamp(expected))
    }

    @Test func `a leap second is the first second of the next minute`() {
        #expect(Timestamp(httpDate: "Sat, 31 Dec 2016 23:59:60 GMT") == Timestamp("2017-01-01T00:00:00Z"))
    }

    @Test(
        arguments: [
            "", "Sun", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:61 GMT",
            "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 94 08:49:37 GMT", "Sun, 29 Feb 2023 08:49:37 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ", "Sunday, 06-Nov-1994 08:49:37 GMT",
            "Sun, 06-Nov-94 08:49:37 GMT", "Sun Nov 06  08:49:37 1994", "Sun Nov  6 08:49:37 94",
            "06 Nov 1994 08:49:37 GMT",
            "Sun, 06 November 1994 08:49:37 GMT", "Sun, +6 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z",
        ]
    )
    func `an invalid date is rejected`(_ text: String) {
        #expect(Timestamp(httpDate: text) == nil)
    }
}
