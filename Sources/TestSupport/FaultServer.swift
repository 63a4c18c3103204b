import Base
import HTTPClient

/// A server that imitates AI providers with faults: `Tests/Support/provider_faults.py`, which documents the faults.
///
/// The model of a request selects the fault, such as `fault:rst-mid` or `fault:status:529*2`. Any other model gets a
/// good answer with ``text``.
public struct FaultServer: Sendable {
    /// The text of a good answer.
    ///
    /// It uses 12 + 3 + 4 input tokens, some of them cached, and 7 output tokens.
    public static let text = "Hello, wörld 日本!"

    private let server: PythonServer
    private let isSecure: Bool

    /// The base URL of Anthropic's format.
    ///
    /// `/fault/NAME` behind it is a base URL at which every request gets that fault.
    public var url: String { isSecure ? "https://localhost:\(server.port)" : "http://127.0.0.1:\(server.port)" }

    /// The base URL of OpenAI's formats, Chat Completions and Responses.
    public var openAI: String { "\(url)/v1" }

    /// The certificate files of the server's authority and of an unrelated authority; empty without TLS.
    public var authority: String { isSecure ? server.words[3] : "" }
    public var stranger: String { isSecure ? server.words[4] : "" }

    /// Runs a server for the duration of the body.
    ///
    /// - Parameters:
    ///   - certificate: The kind of certificate, as `certificates.py` names it; nil for a server without TLS.
    ///   - body: Sends requests to the server.
    /// - Returns: The result of the body.
    /// - Throws: The error of the body, or an error if the server did not start.
    public static func run<Output>(
        certificate: String? = nil,
        body: (FaultServer) throws -> Output
    ) throws -> Output {
        try PythonServer.run("provider_faults.py", certificate.map { ["--tls", $0] } ?? []) { server in
            try body(FaultServer(server: server, isSecure: certificate != nil))
        }
    }

    /// The received requests, oldest first.
    ///
    /// - Parameter fault: Only requests that got this fault, without `fault:` and `*2`; empty for good answers, nil for all
    ///   requests.
    /// - Returns: The requests, including those whose answer is not complete.
    /// - Throws: An error if the server has ended.
    public func requests(of fault: String? = nil) throws -> [Request] {
        try seen("/requests").filter { fault == nil || $0.fault == fault }
    }

    /// The seconds between consecutive requests of a fault.
    ///
    /// A request that finally gets a good answer counts only if no fault is named.
    public func gaps(of fault: String? = nil) throws -> [Double] {
        let times = try requests(of: fault).map(\.time)
        return zip(times.dropFirst(), times).map { $0 - $1 }
    }

    /// The requests that followed the fault `redirect`.
    public func redirected() throws -> [Request] { try seen("/elsewhere") }

    /// Defines the answer of a fault from now on.
    public func answer(
        _ fault: String,
        status: Int,
        headers: [(name: String, value: String)] = [],
        body: String = ""
    ) throws {
        var json = JSONWriter()
        json.object { json in
            json.member("status", status)
            json.member("body", body)
            json.member("headers") { json in
                json.array { json in
                    for header in headers { json.element([header.name, header.value]) }
                }
            }
        }
        _ = try control(.post, "/answer/\(fault)", json.bytes)
    }

    private func seen(_ path: String) throws -> [Request] {
        let limits = JSONLimits(bytes: 64 << 20, depth: 16)
        return try JSONDocument(parsing: control(.get, path), limits: limits).root.elements.map(Request.init)
    }

    private func control(_ method: HTTPRequest.Method, _ path: String, _ body: [UInt8]? = nil) throws -> [UInt8] {
        var client = HTTPClient(userAgent: "tests")
        let url = "http://127.0.0.1:\(server.words[2])\(path)"
        let request = HTTPRequest(method, url, body: body, maximumResponseBytes: 64 << 20, usesProxy: false)
        return try client.send(request, deadline: .test).body
    }
}
