/// Writes metrics in the Prometheus text format, version 0.0.4.
public struct MetricsText: Sendable {
    /// The type of a metric.
    public enum Kind: String, Sendable {
        case counter, gauge
    }

    /// The media type of the text, for `Content-Type`.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// The media types in `Accept` that select this format.
    ///
    /// A client that asks for OpenMetrics understands this format too.
    public static let mediaTypes = ["text/plain", "application/openmetrics-text"]

    /// The text written so far.
    ///
    /// Every line ends with a line feed.
    public private(set) var text = ""

    public init() {}

    /// Writes one metric with all its samples.
    ///
    /// - Parameters:
    ///   - name: The name, `[a-zA-Z_:][a-zA-Z0-9_:]*`. The name of a counter ends in `_total`.
    ///   - kind: The type.
    ///   - help: The meaning of the metric.
    ///   - samples: The values, each with its own labels.
    public mutating func metric(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
        text += "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
        for sample in samples {
            let labels = sample.labels.map { "\($0.key)=\"\(Self.escaped($0.value, quotes: true))\"" }
            text += name + (labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}") + " \(sample.value)\n"
        }
    }

    /// One value of a metric.
    public struct Sample: Sendable {
        let labels: KeyValuePairs<String, String>
        let value: String

        /// Creates a sample from a whole number.
        public init(_ labels: KeyValuePairs<String, String>, _ value: Int) {
            self.labels = labels
            self.value = "\(value)"
        }

        /// Creates a sample from a time, in seconds.
        public init(_ labels: KeyValuePairs<String, String>, seconds value: Duration) {
            self.labels = labels
            let (seconds, attoseconds) = value.components
            let decimals = "\(attoseconds.magnitude / 1_000_000_000_000_000)"
            let zeros = String(repeating: "0", count: 3 - decimals.utf8.count)
            self.value = "\(seconds < 0 || attoseconds < 0 ? "-" : "")\(seconds.magnitude).\(zeros)\(decimals)"
        }
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": scalars.append(contentsOf: "\\\\".unicodeScalars)
            case "\n": scalars.append(contentsOf: "\\n".unicodeScalars)
            case "\"" where quotes: scalars.append(contentsOf: "\\\"".unicodeScalars)
            default: scalars.append(scalar)
            }
        }
        return String(scalars)
    }
}
