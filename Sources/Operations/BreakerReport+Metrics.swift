public import Base

extension BreakerReport: TextOutput {
    private static let states = ["closed", "open", "half_open", "forced_open", "disabled", "metrics_only"]

    public static var textTypes: [String] { MetricsText.mediaTypes }
    public static var textContentType: String { MetricsText.contentType }

    /// The report in the text format of Prometheus.
    public var text: String {
        func samples(_ value: (BreakerHealth) -> Int) -> [MetricsText.Sample] {
            breakers.map { MetricsText.Sample(["name": $0.name], value($0)) }
        }
        var metrics = MetricsText()
        metrics.metric(
            "nofx_ai_breaker_state",
            .gauge,
            "Whether the circuit breaker is in the state.",
            breakers.flatMap { breaker in
                Self.states.map { state in
                    let isIn = breaker.state.utf8.elementsEqual(state.utf8)
                    return MetricsText.Sample(["name": breaker.name, "state": state], isIn ? 1 : 0)
                }
            }
        )
        metrics.metric("nofx_ai_breaker_opens_total", .counter, "How often it opened.", samples { $0.counters.opens })
        metrics.metric(
            "nofx_ai_breaker_rejections_total",
            .counter,
            "Calls that it did not let through.",
            samples { $0.counters.rejections }
        )
        metrics.metric(
            "nofx_ai_breaker_attempts_total",
            .counter,
            "Requests that were made.",
            samples { $0.counters.attempts }
        )
        metrics.metric(
            "nofx_ai_breaker_retry_after_seconds",
            .gauge,
            "The time until it lets a call through; 0 where it does, and no sample where nobody knows.",
            breakers.filter { !$0.state.utf8.elementsEqual("forced_open".utf8) }.map {
                MetricsText.Sample(
                    ["name": $0.name],
                    seconds: .milliseconds(max($0.retryAfterMs ?? 0, $0.gate?.notBeforeMs ?? 0))
                )
            }
        )
        return metrics.text
    }
}
