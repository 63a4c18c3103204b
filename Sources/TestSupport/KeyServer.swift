import HTTPClient

/// A token issuer that publishes its keys by URL: `Tests/Support/key_server.py`.
public struct KeyServer: Sendable {
    /// The behavior of the issuer.
    public enum Mode: String, CaseIterable, Sendable {
        case serve, fail, redirect, large, html, hang, cut
    }

    private let server: PythonServer

    /// The URL of the keys.
    public let url: String

    /// The certificate file of the server's authority; nil without TLS.
    public let authority: String?

    /// Runs an issuer for the duration of the body.
    ///
    /// - Parameters:
    ///   - keys: The published keys.
    ///   - isSecure: Whether the server uses TLS, with a certificate of a private authority.
    ///   - body: Lets functions request the keys.
    /// - Returns: The result of the body.
    /// - Throws: The error of the body, or an error if the server did not start.
    public static func run<Output>(
        _ keys: SigningKey...,
        isSecure: Bool = false,
        body: (KeyServer) throws -> Output
    ) throws -> Output {
        try PythonServer.run("key_server.py", isSecure ? "--tls" : "--plain") { server in
            let issuer = KeyServer(server, isSecure: isSecure)
            try issuer.publish(keys)
            return try body(issuer)
        }
    }

    private init(_ server: PythonServer, isSecure: Bool) {
        self.server = server
        url = isSecure ? "https://localhost:\(server.port)/keys" : "http://127.0.0.1:\(server.port)/keys"
        authority = isSecure ? server.words.last : nil
    }

    /// Replaces the published keys.
    public func publish(_ keys: SigningKey...) throws {
        try publish(keys)
    }

    private func publish(_ keys: [SigningKey]) throws {
        _ = try control("/keys", SigningKey.set(keys))
    }

    /// Changes the behavior of the issuer.
    public func answer(_ mode: Mode) throws {
        _ = try control("/mode", mode.rawValue)
    }

    /// The number of requests, for the keys or for any other path.
    public func requests() throws -> Int? { try Int(control("/requests")) }

    /// The number of accepted connections.
    public func connections() throws -> Int? { try Int(control("/accepted")) }

    private func control(_ path: String, _ body: String? = nil) throws -> String {
        var client = HTTPClient(userAgent: "tests")
        let request = HTTPRequest(
            body == nil ? .get : .post,
            "http://127.0.0.1:\(server.words[1])\(path)",
            body: body.map { Array($0.utf8) },
            usesProxy: false
        )
        return String(decoding: try client.send(request, deadline: .test).body, as: UTF8.self)
    }
}
