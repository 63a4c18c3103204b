import Base
import Testing

@testable import FunctionRuntime

/// The preferred content type of a caller (RFC 9110, section 12.5.1).
struct AcceptTests {
    private struct Metrics: TextOutput {
        static let textTypes = MetricsText.mediaTypes
        static let textContentType = MetricsText.contentType
        static let rule = "text"
        static let form = ValueForm.string()
        let text = ""

        func encode(to json: inout JSONWriter) { json.null() }
    }

    /// The `Accept` header of Prometheus.
    private static let prometheus = """
        application/openmetrics-text;version=1.0.0;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,\
        text/plain;version=0.0.4;q=0.4,*/*;q=0.2
        """

    @Test(arguments: [
        prometheus, "text/plain", "TEXT/Plain", "text/*", "application/openmetrics-text; version=1.0.0",
        "text/plain;version=0.0.4;charset=utf-8", "application/json;q=0.5, text/plain;q=0.501",
        "text/plain;q=0.1,application/json;q=0", "*/*;q=0.1, text/plain;q=0.2", "application/json;q=0.9,\ttext/plain",
        "text/plain;q=0.3;x=1,application/*;q=0.2", "text/*;q=0.2,*/*;q=0.1", "text/plain;q=1.000", "text/plain;q=1.",
        "text/plain;Q=1",
    ])
    func `text is preferred if its weight is higher than that of JSON`(accept: String) {
        #expect(prefersText(accept))
    }

    @Test(arguments: [
        "", "*/*", "application/json", "application/json, text/plain", "text/html,application/xml;q=0.9,*/*;q=0.8",
        "text/plain;q=0", "text/plain;q=0.5,*/*", "text/plain;q=0.5,application/*;q=0.5", "image/png", "nonsense",
        "text/plain;q=1.5", "text/plain;q=-1", "text/plain;q=0.1234", "text/plain;q=", "text/plain;q=x", "text", ",;,",
        "text/plainer", "text/plain;q=0.5,text/*;q=1,application/json;q=0.7", "text/plain;q=.5",
    ])
    func `JSON is the answer otherwise`(accept: String) {
        #expect(!prefersText(accept))
    }

    @Test func `a caller without an Accept header gets JSON, and several headers form one list`() {
        #expect(!Accept(Headers()).prefersText(of: Metrics.self))
        var headers = Headers()
        headers.add("accept", "application/json;q=0.1")
        headers.add("Accept", "text/plain;q=0.2")
        #expect(Accept(headers).prefersText(of: Metrics.self))
    }

    private func prefersText(_ accept: String) -> Bool {
        var headers = Headers()
        headers.add("accept", accept)
        return Accept(headers).prefersText(of: Metrics.self)
    }
}
