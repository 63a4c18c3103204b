import Postgres
import TestSupport

extension Location {
    /// Runs a PgBouncer that keeps one connection to the server, while the body needs it.
    func withPooler<Output>(_ body: (ConnectionString) throws -> Output) throws -> Output {
        try PythonServer.run("pooler.py", [name, directory, port, role, "1"]) { server in
            try body(ConnectionString("host=127.0.0.1 port=\(server.port) user=\(role) dbname=\(name) sslmode=disable"))
        }
    }
}
