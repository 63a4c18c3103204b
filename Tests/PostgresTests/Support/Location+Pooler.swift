import Postgres
import TestSupport

extension Location {
    /// Runs a PgBouncer with one connection to the server for the duration of the body.
    func withPooler<Output>(_ body: (ConnectionString) throws -> Output) throws -> Output {
        try PythonServer.run("pooler.py", [name, directory, port, role, "1"]) { server in
            try body(ConnectionString("host=127.0.0.1 port=\(server.port) user=\(role) dbname=\(name) sslmode=disable"))
        }
    }
}
