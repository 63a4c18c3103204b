import Base
import Postgres
import TestSupport

extension TestDatabase {
    /// A function on this database, with a platform's environment variables.
    func function(_ name: String, on platform: [String: String], _ more: [String: String] = [:]) -> TestFunction {
        // The log is read at the end only, so it must not fill its buffer before.
        let usual = ["LOG_LEVEL": "warning"]
        return TestFunction(name, database: url, environment: usual.merging(platform) { $1 }.merging(more) { $1 })
    }

    /// The number of the functions' database sessions.
    func functionSessions() throws -> Int {
        try value(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'nofx_test_app'"
        )
    }

    /// Ends the functions' sessions and waits until they are gone.
    func endFunctionSessions() throws {
        try rows(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND usename = 'nofx_test_app'
            """
        )
        try Poll.until { try functionSessions() == 0 }
    }

    /// Allows or forbids the functions to connect.
    func allowConnections(_ isAllowed: Bool) throws {
        if isAllowed {
            try rows("DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO PUBLIC', current_database()); END $$")
        } else {
            try rows(
                "DO $$ BEGIN EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC', current_database()); END $$"
            )
        }
    }
}

extension JSONValue {
    /// The answer in the body that a function posted.
    func answer() throws -> JSONValue {
        try JSONDocument(parsing: self["body"]?.stringBytes ?? []).root
    }
}
