public import Base
public import Core
import Postgres

extension TestDatabase {
    /// Makes the context of an operator's call.
    ///
    /// - Parameters:
    ///   - log: Receives the log.
    ///   - deadline: The deadline of the call.
    /// - Returns: A context whose database is not connected yet.
    /// - Throws: `PostgresError` if the test's connection string is invalid.
    public func operatorContext(log: Log = .silent, deadline: Deadline = .test) throws -> Context {
        Context(
            origin: Origin(requestID: "test"),
            deadline: deadline,
            log: log,
            database: Database(at: try ConnectionString(operatorURL))
        )
    }
}
