import Base
import Testing

@Suite struct TimestampTests {
    @Test(arguments: [
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"), ("1990-12-31T15:59:60-08:00", "1991-01-01T00:00:00Z"),
        ("2015-07-01T01:59:60.25+02:00", "2015-07-01T00:00:00.25Z"), ("2026-02-28T23:59:60Z", "2026-03-01T00:00:00Z"),
    ])
    func `a leap second is the second after it`(text: String, same: String) {
        #expect(Timestamp(text) != nil)
        #expect(Timestamp(text) == Timestamp(same))
    }

    @Test(arguments: [
        "2016-12-31T23:59:61Z", "2016-12-31T12:00:60Z", "2016-12-30T23:59:60Z", "2016-12-31T23:58:60Z",
        "2016-12-31T23:59:60+01:00", "2016-12-31T23:59:60-00:30",
    ])
    func `a second 60 elsewhere is none`(text: String) {
        #expect(Timestamp(text) == nil)
    }
}
