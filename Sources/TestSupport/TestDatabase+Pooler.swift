import Postgres

extension TestDatabase {
    /// Runs a PgBouncer in transaction mode for the duration of the body.
    ///
    /// - Parameters:
    ///   - servers: The largest number of connections to the server.
    ///   - role: The database role of all clients.
    ///   - body: Receives the `DATABASE_URL` that leads through the pooler.
    /// - Returns: The result of the body.
    /// - Throws: The error of the body, or an error if PgBouncer is missing.
    public func withPooler<Output>(
        servers: Int,
        as role: String = "nofx_test_app",
        _ body: (_ url: String) throws -> Output
    ) throws -> Output {
        let found = try rows(
            """
            SELECT trim(split_part(current_setting('unix_socket_directories'), ',', 1)) AS directory,
                   current_setting('port') AS port, current_database()::text AS name
            """
        )
        guard let row = found.first else { throw Missing() }
        let name: String = try row["name"]
        let place: [String] = [name, try row["directory"], try row["port"], role, "\(servers)"]
        return try PythonServer.run("pooler.py", place) { server in
            try body("host=127.0.0.1 port=\(server.port) user=\(role) dbname=\(name) sslmode=disable")
        }
    }
}
