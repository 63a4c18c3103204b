import HTTPClient

/// A Postgres cluster for one test, which the test can stop and start.
public struct TestCluster: Sendable {
    /// The connection string of its first database, for ``TestDatabase``.
    public let url: String

    private let control: String

    /// Runs a cluster for the duration of the body.
    ///
    /// - Returns: The result of the body.
    /// - Throws: The error of the body, or an error if the cluster did not start.
    public static func run<Output>(_ body: (TestCluster) throws -> Output) throws -> Output {
        try PythonServer.run("cluster.py") { server in
            try body(
                TestCluster(
                    url: "postgresql:///postgres?host=\(server.words[1])&port=\(server.words[2])&user=postgres",
                    control: "http://127.0.0.1:\(server.port)"
                )
            )
        }
    }

    /// Ends the server without a shutdown, as a crash would, and waits for its end.
    public func crash() throws { try tell("/stop") }

    /// Shuts the server down as an operator would, and waits for its end.
    public func stop() throws { try tell("/shutdown") }

    /// Starts the server again and waits until it accepts connections.
    public func start() throws { try tell("/start") }

    private func tell(_ path: String) throws {
        var client = HTTPClient(userAgent: "tests")
        let answer = try client.send(HTTPRequest(.get, control + path, usesProxy: false), deadline: .test)
        guard answer.status == 200 else { throw PythonServer.Failure(call: path) }
    }
}
