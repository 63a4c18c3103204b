import Base
import HTTPClient

/// A collector of spans: `Tests/Support/trace_collector.py`.
public struct TraceCollector: Sendable {
    private let server: PythonServer

    /// Runs a collector for the duration of the body.
    ///
    /// - Parameter body: Runs programs that export spans.
    /// - Returns: The result of the body.
    /// - Throws: The error of the body, or an error if the collector did not start.
    public static func run<Output>(body: (TraceCollector) throws -> Output) throws -> Output {
        try PythonServer.run("trace_collector.py", [], by: .collector) { try body(TraceCollector(server: $0)) }
    }

    /// The base URL; a path before it selects what the collector does with spans.
    public func url(_ path: String = "") -> String { "http://127.0.0.1:\(server.port)\(path)" }

    /// The spans that have arrived; with a trace, only those of this trace.
    public func spans(of trace: String? = nil) throws -> [TestSpan] {
        try JSONDocument(parsing: get("/spans"), limits: JSONLimits(bytes: 64 << 20, depth: 8)).root.elements
            .map(TestSpan.init).filter { trace == nil || $0.trace == trace }
    }

    /// How many requests came.
    public func requests() throws -> Int? { Int(String(decoding: try get("/requests"), as: UTF8.self)) }

    /// The spans of a trace as a text, indented by their parents.
    public func tree(of trace: String) throws -> String { String(decoding: try get("/trace/\(trace)"), as: UTF8.self) }

    private func get(_ path: String) throws -> [UInt8] {
        var client = HTTPClient(userAgent: "tests")
        let request = HTTPRequest(.get, url(path), maximumResponseBytes: 64 << 20, usesProxy: false)
        return try client.send(request, deadline: .test).body
    }
}

/// A span that a collector received.
public struct TestSpan: Sendable {
    public let trace: String
    public let id: String
    public let parent: String
    public let name: String
    public let kind: String
    public let state: String
    public let links: [String]
    public let isError: Bool
    public let attributes: [String: String]
    public let service: [String: String]

    /// The header `x-key` of the request that brought it.
    public let key: String

    init(_ json: JSONValue) {
        func text(_ name: String) -> String { json[name]?.string ?? "" }
        func pairs(_ name: String) -> [String: String] {
            let members = json[name].map { Array($0.members) } ?? []
            return Dictionary(members.map { ($0.key, $0.value.string ?? "\($0.value.integer ?? 0)") }) { $1 }
        }
        (trace, id, parent, name, kind) = (text("trace"), text("id"), text("parent"), text("name"), text("kind"))
        (state, key) = (text("state"), text("key"))
        links = json["links"]?.elements.compactMap(\.string) ?? []
        isError = json["error"]?.bool ?? false
        (attributes, service) = (pairs("attributes"), pairs("service"))
    }
}
