import Base
import Testing

@testable import AI

@Suite struct RateLimitsTests {
    private let now = Timestamp(microsecondsSince1970: 1_790_000_000_000_000)

    private func read(_ headers: (String, String)...) -> RateLimits? {
        RateLimits(headers.map { (name: $0.0, value: $0.1) }, at: now)
    }

    // Cases: ai 49
    @Test func `Anthropic's limits are read with absolute reset times`() {
        let limits = read(
            ("anthropic-ratelimit-requests-limit", "50"),
            ("anthropic-ratelimit-requests-remaining", "0"),
            ("anthropic-ratelimit-requests-reset", "2026-11-24T16:00:30Z"),
            ("anthropic-ratelimit-input-tokens-remaining", "39000"),
            ("anthropic-ratelimit-output-tokens-limit", "8000")
        )

        #expect(
            limits?.windows == [
                .init(name: "requests", limit: 50, remaining: 0, reset: Timestamp("2026-11-24T16:00:30Z")),
                .init(name: "input-tokens", limit: nil, remaining: 39_000, reset: nil),
                .init(name: "output-tokens", limit: 8_000, remaining: nil, reset: nil),
            ]
        )
    }

    // Cases: ai 49
    @Test func `OpenAI's limits are read with reset durations`() {
        let limits = read(
            ("x-ratelimit-limit-requests", "60"),
            ("x-ratelimit-remaining-requests", "59"),
            ("x-ratelimit-reset-requests", "1s"),
            ("x-ratelimit-limit-tokens", "150000"),
            ("x-ratelimit-remaining-tokens", "149984"),
            ("x-ratelimit-reset-tokens", "6m0s")
        )

        #expect(
            limits?.windows == [
                .init(name: "requests", limit: 60, remaining: 59, reset: now + .seconds(1)),
                .init(name: "tokens", limit: 150_000, remaining: 149_984, reset: now + .seconds(360)),
            ]
        )
    }

    @Test(arguments: ["-1", "0", "", "soon", "1.5", "99999999999999999999"])
    func `a placeholder for an uncounted limit is ignored`(value: String) {
        #expect(
            read(
                ("x-ratelimit-limit-tokens", value),
                ("x-ratelimit-remaining-tokens", value),
                ("x-ratelimit-reset-tokens", value)
            ) == nil
        )
    }

    @Test func `a response without rate-limit headers has no limits`() {
        #expect(read(("retry-after", "5"), ("x-ratelimit-limit-images", "5")) == nil)
    }

    @Test func `limits are encoded as JSON by window`() throws {
        let limits = try #require(
            read(
                ("x-ratelimit-limit-requests", "60"),
                ("x-ratelimit-reset-requests", "20ms"),
                ("x-ratelimit-remaining-tokens", "5")
            )
        )

        #expect(
            JSONText(limits).description
                == #"{"requests":{"limit":60,"reset":"\#(now + .milliseconds(20))"},"tokens":{"remaining":5}}"#
        )
    }

    // Cases: ai 49
    @Test(arguments: [
        ("12ms", Duration.milliseconds(12)), ("20ms", .milliseconds(20)), ("1s", .seconds(1)),
        ("6m0s", .seconds(360)), ("1h2m3s", .seconds(3_723)), ("59.9s", .milliseconds(59_900)),
        ("1m0.25s", .milliseconds(60_250)), (".5s", .milliseconds(500)), ("5.s", .seconds(5)),
        ("7us", .microseconds(7)),
        ("7µs", .microseconds(7)), ("9ns", .nanoseconds(9)), ("0s", .zero), ("1.0000000009s", .seconds(1)),
    ])
    func `durations are read in Go's format`(text: String, duration: Duration) {
        #expect(Duration(go: text) == duration)
    }

    @Test(arguments: [
        "", "5", "-1s", "+1s", "s", ".s", "1d", "1 s", "1S", "1s 2", "5m3", "1..5s", "999999999999999999h",
        "99999999999999999999s", "9223372036s9223372036s",
    ])
    func `other texts are not durations`(text: String) {
        #expect(Duration(go: text) == nil)
    }
}
