public import Base
import HTTPClient

/// A mail server: `Tests/Support/smtp_server.py`.
public struct MailServer: Sendable {
    /// The port on 127.0.0.1.
    public let port: String

    /// The certificate files of the authority that signed the server's certificate for localhost, and of an unrelated
    /// one.
    public let authority: String
    public let stranger: String

    private let control: String

    /// Runs a server for the duration of the body.
    ///
    /// - Parameters:
    ///   - options: The options of the script, such as `--starttls`.
    ///   - body: Sends mail to the server.
    /// - Returns: The result of the body.
    /// - Throws: The error of the body, or an error if the server did not start.
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

    /// The accepted messages: the fields of `read_mail.py`, and `envelope`, `hello`, `encrypted`, `authenticated`.
    public func messages() throws -> [JSONValue] { try Array(list("/messages")) }

    /// The commands that the server received: `connect`, `STARTTLS`, `AUTH`, `MAIL`, `QUIT`.
    public func commands() throws -> [String] { try list("/commands").compactMap(\.string) }

    private func list(_ path: String) throws -> some Sequence<JSONValue> {
        var client = HTTPClient(userAgent: "tests")
        let answer = try client.send(HTTPRequest(.get, control + path, usesProxy: false), deadline: .test)
        return try JSONDocument(parsing: answer.body, limits: JSONLimits(bytes: 64 << 20, depth: 8)).root.elements
    }
}
