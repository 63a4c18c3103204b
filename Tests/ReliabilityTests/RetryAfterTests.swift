import Base
import Core
import TestSupport
import Testing
import Reliability

/// The headers as the providers' SDKs understand them; the response is dated 16:26:37.
@Suite struct RetryAfterTests {
    private static let date = "Fri, 29 Sep 2023 16:26:37 GMT"

    /// The requested wait, in nanoseconds.
    private static func nanoseconds(_ headers: [String: String]) -> Int64? {
        // This machine's clock must not matter.
        let received = Timestamp("2031-01-01T00:00:00Z") ?? .now()
        let after = RetryAfter(received: received) { headers[$0] ?? ($0 == "date" ? date : nil) }
        return after.map {
            $0.delay.components.seconds * 1_000_000_000 + $0.delay.components.attoseconds / 1_000_000_000
        }
    }

    private static func seconds(_ text: String) -> Int64? {
        nanoseconds(["retry-after": text]).map { $0 / 1_000_000_000 }
    }

    /// The number of calls to a server that asks for this wait, with a limit of two minutes.
    private static func calls(_ headers: [String: String], isTransient: Bool = true) throws -> Int {
        let policy = try RetryPolicy(maxRetries: 1, maxRetryAfter: .seconds(120))
        let advice = RetryAdvice { headers[$0] ?? ($0 == "date" ? date : nil) }
        var calls = 0
        _ = try? Waits().retry(policy).run(
            deadline: .after(.seconds(3_600)),
            decide: { _ in advice.decision(isTransient: isTransient) }
        ) { _ in
            calls += 1
            throw Transient()
        }
        return calls
    }

    // Cases: breaker 59
    @Test(arguments: ["20", "60", "61", "120", " 20\t", "+5"])
    func `seconds are read exactly`(_ text: String) throws {
        #expect(Self.seconds(text) == Int64(text.filter(\.isNumber)))
        #expect(try Self.calls(["retry-after": text]) == 2)
    }

    // Cases: breaker 59, 63
    @Test(arguments: ["121", "120.000000001", "1e999", String(repeating: "9", count: 400), "1e20"])
    func `a wait beyond the policy's limit ends the retries`(_ text: String) throws {
        #expect(try Self.calls(["retry-after": text]) == 1)
    }

    // Cases: breaker 60, 62
    @Test(
        arguments: [
            "0", "-10", "", " ", "nan", "inf", "-inf", "Infinity", "-1e999", "0x10", "1 2", "soon", "١٢",
            "Zun, 29 Sep 2023 16:26:57 GMT", date, "Fri, 29 Sep 2023 16:26:36 GMT", "Fri, 29 Sep 1000 16:26:57 GMT",
            "Fri, 29 Sep 100000 16:26:57 GMT", "Fri, 31 Sep 2023 16:26:57 GMT", "Fri, 29 Sep 2023 24:00:00 GMT",
            "Fri, 29 Sep 2023 16:26:57", "Fri, 29 Sep 2023 16:26:57 CET", "fri, 29 sep 2023 16:26:57 gmt",
        ]
    )
    func `an unusable value leaves the wait to the policy`(_ text: String) throws {
        #expect(Self.nanoseconds(["retry-after": text]) == nil)
        #expect(try Self.calls(["retry-after": text]) == 2)
    }

    // Cases: breaker 63, 68
    @Test(
        arguments: [
            ("1e2", 100_000_000_000), ("0.5", 500_000_000), ("1.25", 1_250_000_000), (".5", 500_000_000),
            ("0.0000000001", 1), ("1.0000000001", 1_000_000_001),
        ]
    )
    func `decimals and exponents are read, and nothing is rounded down`(_ text: String, _ nanoseconds: Int64) {
        #expect(Self.nanoseconds(["retry-after": text]) == nanoseconds)
    }

    // Cases: breaker 61
    @Test(
        arguments: [
            "Fri, 29 Sep 2023 16:26:57 GMT", "Friday, 29-Sep-23 16:26:57 GMT", "Fri Sep 29 16:26:57 2023",
        ]
    )
    func `a date in each of its three forms is relative to the response's date`(_ text: String) {
        #expect(Self.seconds(text) == 20)
        for date in ["Friday, 29-Sep-23 16:26:47 GMT", "Fri Sep 29 16:26:47 2023"] {
            #expect(Self.nanoseconds(["retry-after": text, "date": date]) == 10_000_000_000)
        }
    }

    // Cases: breaker 61
    @Test func `a date is waited for up to the policy's limit`() throws {
        #expect(Self.seconds("Fri, 29 Sep 2023 16:28:37 GMT") == 120)
        #expect(try Self.calls(["retry-after": "Fri, 29 Sep 2023 16:28:37 GMT"]) == 2)
        #expect(try Self.calls(["retry-after": "Fri, 29 Sep 2023 16:28:38 GMT"]) == 1)
        #expect(try Self.calls(["retry-after": "Fri, 31 Dec 9999 23:59:60 GMT"]) == 1)
    }

    // Cases: breaker 69
    @Test(arguments: [nil, "yesterday", ""])
    func `without a date in the response its arrival time counts`(_ date: String?) {
        let received = Timestamp("2023-09-29T16:26:50.25Z") ?? .now()
        let headers = ["retry-after": "Fri, 29 Sep 2023 16:26:57 GMT", "date": date]
        let after = RetryAfter(received: received) { headers[$0] ?? nil }
        #expect(after?.delay == .milliseconds(6_750))
    }

    // Cases: breaker 64
    @Test func `milliseconds take precedence over seconds`() throws {
        #expect(Self.nanoseconds(["retry-after-ms": "1500", "retry-after": "20"]) == 1_500_000_000)
        #expect(Self.nanoseconds(["retry-after-ms": "0.0000001", "retry-after": "20"]) == 1)
        #expect(try Self.calls(["retry-after-ms": "120000"]) == 2)
        #expect(try Self.calls(["retry-after-ms": "120001"]) == 1)
        #expect(try Self.calls(["retry-after-ms": "120001", "retry-after": "20"]) == 1)
    }

    // Cases: breaker 64
    @Test(arguments: ["inf", "nan", "0", "-5"])
    func `an unusable number of milliseconds means no wait, even with seconds`(_ text: String) {
        #expect(Self.nanoseconds(["retry-after-ms": text, "retry-after": "20"]) == nil)
    }

    // Cases: breaker 64
    @Test(arguments: ["", "soon"])
    func `milliseconds that are not a number are ignored in favor of seconds`(_ text: String) {
        #expect(Self.nanoseconds(["retry-after-ms": text, "retry-after": "20"]) == 20_000_000_000)
    }

    // Cases: breaker 65
    @Test func `x-should-retry of the server decides whether to retry`() throws {
        #expect(try Self.calls([:], isTransient: true) == 2)
        #expect(try Self.calls([:], isTransient: false) == 1)
        #expect(try Self.calls(["x-should-retry": "false"], isTransient: true) == 1)
        #expect(try Self.calls(["x-should-retry": "true"], isTransient: false) == 2)
        #expect(try Self.calls(["x-should-retry": "TRUE"], isTransient: false) == 2)
        #expect(try Self.calls(["x-should-retry": "maybe"], isTransient: true) == 2)
        #expect(try Self.calls(["x-should-retry": "maybe"], isTransient: false) == 1)
    }

    // Cases: breaker 65
    @Test func `x-should-retry does not prolong the policy's limit`() throws {
        #expect(try Self.calls(["x-should-retry": "true", "retry-after": "121"], isTransient: false) == 1)
        #expect(try Self.calls(["x-should-retry": "true", "retry-after": "1e999"], isTransient: true) == 1)
    }

    // Cases: breaker 56
    @Test func `a wait of zero and a negative wait are no waits`() {
        #expect(RetryAfter(.zero) == nil)
        #expect(RetryAfter(.seconds(-1)) == nil)
        #expect(RetryAfter(.nanoseconds(1))?.delay == .nanoseconds(1))
    }
}

extension RetryAdvice {
    /// The decision after an error: as the server says, or else whether the error is transient.
    ///
    /// Even with `x-should-retry: true`, the policy's limit for a wait applies.
    fileprivate func decision(isTransient: Bool) -> RetryDecision {
        shouldRetry ?? isTransient ? .retry(after: retryAfter) : .stop
    }
}
