import Base
import HTTPClient

/// AI providers in trouble: `Tests/Support/provider_faults.py`, which names the faults.
///
/// What a request gets is named by its model, `fault:rst-mid` or `fault:status:529*2`; any other model is answered well,
/// with ``text``.
public struct FaultServer: Sendable {
    /// What a good answer says; it uses 12 + 3 + 4 tokens of input, some from a cache, and 7 of output.
    public static let text = "Hello, wörld 日本!"

    private let server: PythonServer
    private let isSecure: Bool

    /// Where it is: the base URL of Anthropic's format.
    ///
    /// `/fault/NAME` behind it is a base URL where every request gets that fault.
    public var url: String { isSecure ? "https://localhost:\(server.port)" : "http://127.0.0.1:\(server.port)" }

    /// The base URL of OpenAI's formats, chat completions and responses.
    public var openAI: String { "\(url)/v1" }

    /// The file of the authority that signed the server's certificate, and that of another one; empty without TLS.
    public var authority: String { isSecure ? server.words[3] : "" }
    public var stranger: String { isSecure ? server.words[4] : "" }

    /// Runs a server while the body needs it.
    ///
    /// - Parameters:
    ///   - certificate: What kind of certificate it shows, in words of `certificates.py`; nil for a server without TLS.
    ///   - body: Lets programs ask it.
    /// - Returns: What the body returns.
    /// - Throws: What the body throws, or that the server did not start.
    public static func run<Output>(
        certificate: String? = nil,
        body: (FaultServer) throws -> Output
    ) throws -> Output {
        try PythonServer.run("provider_faults.py", certificate.map { ["--tls", $0] } ?? []) { server in
            try body(FaultServer(server: server, isSecure: certificate != nil))
        }
    }

    /// What came, oldest first.
    ///
    /// - Parameter fault: Only what got this fault, named without `fault:` and `*2`; empty for what was answered well,
    ///   nil for everything.
    /// - Returns: The requests, those that are still being answered included.
    /// - Throws: That the server is gone.
    public func requests(of fault: String? = nil) throws -> [Request] {
        try seen("/requests").filter { fault == nil || $0.fault == fault }
    }

    /// How long each request of a fault came after the one before, in seconds.
    ///
    /// One that is answered well in the end counts only without a fault's name.
    public func gaps(of fault: String? = nil) throws -> [Double] {
        let times = try requests(of: fault).map(\.time)
        return zip(times.dropFirst(), times).map { $0 - $1 }
    }

    /// What came to where `redirect` points.
    public func redirected() throws -> [Request] { try seen("/elsewhere") }

    /// Gives a fault's name an answer of its own, from now on.
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
