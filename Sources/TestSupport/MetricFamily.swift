import Base

/// A metric as the parser of Prometheus's client library for Python reads it.
public struct MetricFamily: Sendable {
    /// A sample of the metric.
    public struct Sample: Sendable {
        public let name: String
        public let labels: [String: String]
        public let value: Double
    }

    /// The parser rejected the text.
    public struct Unreadable: Error {
        public let errors: String
    }

    public let name: String
    public let type: String
    public let help: String
    public let samples: [Sample]

    /// Parses a text in the Prometheus format.
    ///
    /// - Throws: ``Unreadable``.
    public static func parse(_ text: String) throws -> [MetricFamily] {
        let outcome = try PythonScript.run("read_metrics.py", input: Array(text.utf8))
        guard outcome.status == 0 else { throw Unreadable(errors: outcome.errors) }
        return try JSONDocument(parsing: Array(outcome.output.utf8)).root.elements.map(MetricFamily.init)
    }

    private init(_ json: JSONValue) {
        name = json["name"]?.string ?? ""
        type = json["type"]?.string ?? ""
        help = json["help"]?.string ?? ""
        samples =
            (json["samples"]?.elements).map { elements in
                elements.map { sample in
                    var labels: [String: String] = [:]
                    for (name, value) in sample["labels"]?.members.map({ $0 }) ?? [] { labels[name] = value.string }
                    return Sample(
                        name: sample["name"]?.string ?? "",
                        labels: labels,
                        value: Double(sample["value"]?.string ?? "") ?? .nan
                    )
                }
            } ?? []
    }
}
