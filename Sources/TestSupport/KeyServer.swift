import HTTPClient

/// An issuer that publishes its keys by URL: `Tests/Support/key_server.py`.
public struct KeyServer: Sendable {
    /// How the issuer answers.
    public enum Mode: String, CaseIterable, Sendable {
        case serve, fail, redirect, large, html, hang, cut
    }

    private let server: PythonServer

    /// Where the keys are.
    public let url: String

    /// The file of the authority that signed the server's certificate; nil without TLS.
    public let authority: String?

    /// Runs an issuer while the body needs it.
    ///
    /// - Parameters:
    ///   - keys: What it publishes.
    ///   - isSecure: Whether it is asked over TLS, with a certificate that a private authority signed.
    ///   - body: Lets functions ask it.
    /// - Returns: What the body returns.
    /// - Throws: What `body` throws, or that the server did not start.
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

    /// Publishes other keys.
    public func publish(_ keys: SigningKey...) throws {
        try publish(keys)
    }

    private func publish(_ keys: [SigningKey]) throws {
        _ = try control("/keys", SigningKey.set(keys))
    }

    /// Answers in another way from now on.
    public func answer(_ mode: Mode) throws {
        _ = try control("/mode", mode.rawValue)
    }

    /// How many requests came, for the keys or for anything else.
    public func requests() throws -> Int? { try Int(control("/requests")) }

    /// How many connections were made.
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
