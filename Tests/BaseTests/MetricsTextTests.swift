import Base
import TestSupport
import Testing

struct MetricsTextTests {
    @Test func `a metric has a line for its help, its type and each sample`() {
        var metrics = MetricsText()
        metrics.metric("jobs_total", .counter, "Jobs.", [MetricsText.Sample([:], 3)])
        metrics.metric(
            "wait_seconds",
            .gauge,
            "Wait.",
            [MetricsText.Sample(["a": "b", "c": "d"], seconds: .seconds(1))]
        )
        #expect(
            metrics.text == """
                # HELP jobs_total Jobs.
                # TYPE jobs_total counter
                jobs_total 3
                # HELP wait_seconds Wait.
                # TYPE wait_seconds gauge
                wait_seconds{a="b",c="d"} 1.000

                """
        )
    }

    @Test(arguments: [
        (Duration.zero, "0.000"), (.milliseconds(1), "0.001"), (.milliseconds(1_020), "1.020"),
        (.milliseconds(-1_500), "-1.500"), (.seconds(86_400), "86400.000"),
    ])
    func `a duration is written in seconds`(time: Duration, text: String) {
        var metrics = MetricsText()
        metrics.metric("x", .gauge, "X.", [MetricsText.Sample([:], seconds: time)])
        #expect(metrics.text.hasSuffix("\nx \(text)\n"))
    }

    @Test(arguments: ["\"", "\\", "\n", "\\n", "a\"} 1\nb", "ä{}=,", "\u{2028}", "\\\"", "e\u{301}\"\u{301}"])
    func `Prometheus's parser reads labels and help unchanged`(label: String) throws {
        var metrics = MetricsText()
        metrics.metric("x", .gauge, "Help: \(label)!", [MetricsText.Sample(["name": label], 1)])
        let families = try MetricFamily.parse(metrics.text)
        #expect(families.map(\.name) == ["x"])
        #expect(families[0].help.unicodeScalars.elementsEqual("Help: \(label)!".unicodeScalars))
        #expect(families[0].samples.count == 1)
        #expect(families[0].samples[0].labels["name"]?.unicodeScalars.elementsEqual(label.unicodeScalars) == true)
    }

    @Test(arguments: ["x{name=\"a} 1\n", "# TYPE x\nx one\n", "x{name=\"a\"}\n"])
    func `Prometheus's parser rejects an invalid text`(text: String) {
        let error = #expect(throws: MetricFamily.Unreadable.self) { try MetricFamily.parse(text) }
        #expect(error?.errors.contains("prometheus_client/parser.py") == true)
    }
}
