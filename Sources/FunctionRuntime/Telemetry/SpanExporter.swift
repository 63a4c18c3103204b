import Base
import HTTPClient

/// Sends recorded spans to a collector, on a thread of its own.
///
/// Spans that cannot be sent are lost: no call fails or waits longer for them than its budget.
struct SpanExporter: Sendable {
    /// How long spans are dropped after a failure, so that a collector that hangs does not take the budget of every call.
    private static let rest = Duration.seconds(10)

    let settings: ExportSettings
    let recorder: SpanRecorder
    let log: Log

    /// Exports until the process ends.
    func run() -> Never {
        var client = HTTPClient(userAgent: "nofx", authorities: settings.authorities, connectTimeout: settings.budget)
        var rested = Deadline.after(.zero)
        var lost = 0
        while true {
            let (spans, dropped) = recorder.next()
            lost += dropped
            if !rested.hasPassed {
                lost += spans.count
            } else if let reason = send(spans, with: &client) {
                log.warning("spans.lost", ["count": lost + spans.count, "reason": reason])
                lost = 0
                rested = .after(Self.rest)
            } else if lost > 0 {
                log.warning("spans.lost", ["count": lost, "reason": "the collector did not take them in time"])
                lost = 0
            }
            recorder.exported()
        }
    }

    /// Sends spans.
    ///
    /// - Returns: Why they are lost; nil if they were received.
    private func send(_ spans: [Span], with client: inout HTTPClient) -> String? {
        let request = HTTPRequest(
            .post,
            settings.url,
            headers: [("Content-Type", "application/json")] + settings.headers,
            body: SpanDocument.encode(spans, of: settings.resource),
            maximumResponseBytes: 64 << 10
        )
        do throws(HTTPError) {
            let status = try client.send(request, deadline: .after(settings.budget)).status
            return (200..<300).contains(status) ? nil : "the collector answered \(status)"
        } catch {
            return error.description
        }
    }
}
