import HTTPClient

/// A Postgres cluster of a test's own, which can be taken away and brought back.
public struct TestCluster: Sendable {
    /// Names its first database, for ``TestDatabase``.
    public let url: String

    private let control: String

    /// Runs a cluster while the body needs it.
    ///
    /// - Returns: What the body returns.
    /// - Throws: What the body throws, or that the cluster did not start.
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

    /// Ends the server as a crash would, and waits until it has.
    public func crash() throws { try tell("/stop") }

    /// Ends the server as an operator would, and waits until it has.
    public func stop() throws { try tell("/shutdown") }

    /// Starts the server again, and waits until it answers.
    public func start() throws { try tell("/start") }

    private func tell(_ path: String) throws {
        var client = HTTPClient(userAgent: "tests")
        let answer = try client.send(HTTPRequest(.get, control + path, usesProxy: false), deadline: .test)
        guard answer.status == 200 else { throw PythonServer.Failure(call: path) }
    }
}
