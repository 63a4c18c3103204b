import Base
import System
import TestSupport
import Testing

@testable import FunctionRuntime

struct TelemetryTests {
    private func line(_ answered: Answered) throws -> JSONValue {
        let lines = answered.log.containing(#""call.ended""#)
        #expect(lines.count == 1)
        return try JSONDocument(parsing: Array((lines.first ?? "null").utf8)).root
    }

    @Test func `each call is one line with its outcome`() throws {
        let answered = try Answered("{}")
        let line = try line(answered)
        #expect((line["level"]?.string, line["status"]?.integer) == ("info", 401))
        #expect(line["code"]?.string == "unauthenticated" && line["roundTrips"]?.integer == 0)
        #expect(line["durationMs"]?.double ?? -1 >= 0 && line["databaseMs"]?.double == 0)
        #expect(line["_aws"] == nil)
        let malformed = try Answered("{")
        #expect(try self.line(malformed)["code"]?.string == "malformed_json")
    }

    @Test func `with a namespace the line has metrics, whatever the level`() throws {
        let variables = ["NOFX_METRICS_NAMESPACE": "nofx/prod", "LOG_LEVEL": "error"]
        let line = try line(try Answered("{}", environment: variables))
        let metrics = line["_aws"]?["CloudWatchMetrics"]?.only
        #expect(metrics?["Namespace"]?.string == "nofx/prod")
        let names = metrics?["Metrics"]?.elements.compactMap { $0["Name"]?.string } ?? []
        #expect(names == ["durationMs", "databaseMs", "roundTrips", "serverErrors"])
        for name in names { #expect(line[name]?.double != nil) }
        #expect(metrics?["Dimensions"]?.only?.only?.string == "function")
        #expect(line["_aws"]?["Timestamp"]?.integer ?? 0 > 1_700_000_000_000)
    }

    @Test(arguments: ["AWS/Lambda", "a b", String(repeating: "a", count: 256)])
    func `a namespace that CloudWatch refuses is refused`(namespace: String) {
        #expect(throws: ConfigurationError.self) {
            try Answered("{}", environment: ["NOFX_METRICS_NAMESPACE": namespace])
        }
    }

    private func settings(_ variables: [String: String]) throws(ConfigurationError) -> ExportSettings? {
        try ExportSettings(Environment(with: variables))
    }

    @Test func `nothing is exported without an endpoint or where it is switched off`() throws {
        let endpoint = ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"]
        #expect(try settings([:]) == nil)
        #expect(try settings(endpoint)?.url == "http://127.0.0.1:4318/v1/traces")
        for (name, value) in [("OTEL_SDK_DISABLED", "TRUE"), ("OTEL_TRACES_EXPORTER", "none")] {
            #expect(try settings(endpoint.merging([name: value]) { $1 }) == nil)
        }
    }

    @Test func `the variables for traces come first, and values are decoded`() throws {
        let settings = try settings([
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://a/", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://b/spans",
            "OTEL_EXPORTER_OTLP_HEADERS": "x=1",
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "authorization=Basic%20YQ==, y = 2",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "50", "OTEL_SERVICE_NAME": "mine",
            "OTEL_RESOURCE_ATTRIBUTES": "service.name=other,deployment.environment.name=prod",
        ])
        #expect(settings?.url == "https://b/spans")
        #expect(settings?.headers.map { "\($0.name): \($0.value)" } == ["authorization: Basic YQ==", "y: 2"])
        #expect(settings?.budget == .milliseconds(50))
        let resource = settings?.resource.map(\.name)
        #expect(resource == ["deployment.environment.name", "service.name", "service.version"])
        #expect(settings?.resource[1].value == .text("mine"))
    }

    @Test(arguments: [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x"), ("OTEL_EXPORTER_OTLP_HEADERS", "x=%zz"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "0"), ("OTEL_EXPORTER_OTLP_TIMEOUT", "1s"), ("OTEL_TRACES_SAMPLER", "x"),
    ])
    func `a variable that cannot be used is named`(variable: String, value: String) throws {
        let usual = ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"]
        #expect {
            try settings(usual.merging([variable: value]) { $1 })
        } throws: { ($0 as? ConfigurationError)?.variable == variable }
    }

    @Test func `texts of spans are cut and escaped`() throws {
        let recorder = SpanRecorder()
        let long = String(repeating: "é\n", count: 300)
        Trace(context: nil, recorder: recorder).begin("a", .internal).end(["text": .text(long), "n": .number(-1)])
        recorder.flush(by: .after(.zero))
        let body = SpanDocument.encode(recorder.next().spans, of: [("service.name", .text("nofx"))])
        let root = try JSONDocument(parsing: body).root
        let scope = root["resourceSpans"]?.only?["scopeSpans"]?.only
        let attributes = scope?["spans"]?.only?["attributes"]?.elements.map { $0 } ?? []
        #expect(attributes.first?["value"]?["stringValue"]?.string == String(long.prefix(256)))
        #expect(attributes.last?["value"]?["intValue"]?.string == "-1")
    }
}

extension JSONValue {
    /// The first element of an array.
    fileprivate var only: JSONValue? { elements.first { _ in true } }
}
