public import Base

extension QueueReport: TextOutput {
    public static var textTypes: [String] { MetricsText.mediaTypes }
    public static var textContentType: String { MetricsText.contentType }

    /// The report in the text format of Prometheus.
    public var text: String {
        var metrics = MetricsText()
        metrics.metric(
            "nofx_queue_jobs",
            .gauge,
            "Jobs, by topic and state.",
            topics.flatMap { topic in
                [("ready", topic.ready), ("delayed", topic.delayed), ("leased", topic.leased), ("dead", topic.dead)]
                    .map { MetricsText.Sample(["topic": topic.topic, "state": $0], $1) }
            }
        )
        metrics.metric(
            "nofx_queue_longest_wait_seconds",
            .gauge,
            "How long the job has been due that has waited longest.",
            topics.map { MetricsText.Sample(["topic": $0.topic], seconds: $0.longestWait ?? .zero) }
        )
        metrics.metric(
            "nofx_queue_oldest_age_seconds",
            .gauge,
            "How long ago the oldest job was put in that is not given up.",
            topics.map { MetricsText.Sample(["topic": $0.topic], seconds: $0.oldestAge ?? .zero) }
        )
        metrics.metric(
            "nofx_queue_rows",
            .gauge,
            "Rows of the table of jobs, as the server estimates them: live ones, and dead ones that are to be vacuumed.",
            [MetricsText.Sample(["state": "live"], liveRows), MetricsText.Sample(["state": "dead"], deadRows)]
        )
        return metrics.text
    }
}
