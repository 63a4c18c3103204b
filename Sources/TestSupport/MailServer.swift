public import Base
import HTTPClient

/// The mail server of `Tests/Support/smtp_server.py`.
public struct MailServer: Sendable {
    /// Where it listens, on 127.0.0.1.
    public let port: String

    /// The file of the authority that signed its certificate for localhost, and of another one.
    public let authority: String
    public let stranger: String

    private let control: String

    /// Runs a server while the body needs it.
    ///
    /// - Parameters:
    ///   - options: What the script takes, such as `--starttls`.
    ///   - body: Talks to the server.
    /// - Returns: What the body returns.
    /// - Throws: What the body throws, or that the server did not start.
    public static func run<Output>(_ options: String..., body: (MailServer) throws -> Output) throws -> Output {
        try PythonServer.run("smtp_server.py", options) { server in
            try body(
                MailServer(
                    port: server.words[0],
                    authority: server.words[2],
                    stranger: server.words[3],
                    control: "http://127.0.0.1:\(server.words[1])"
                )
            )
        }
    }

    /// Everything that was taken: what `read_mail.py` says of it, `envelope`, `hello`, `encrypted`, `authenticated`.
    public func messages() throws -> [JSONValue] { try Array(list("/messages")) }

    /// What the server was told: `connect`, `STARTTLS`, `AUTH`, `MAIL`, `QUIT`.
    public func commands() throws -> [String] { try list("/commands").compactMap(\.string) }

    private func list(_ path: String) throws -> some Sequence<JSONValue> {
        var client = HTTPClient(userAgent: "tests")
        let answer = try client.send(HTTPRequest(.get, control + path, usesProxy: false), deadline: .test)
        return try JSONDocument(parsing: answer.body, limits: JSONLimits(bytes: 64 << 20, depth: 8)).root.elements
    }
}
