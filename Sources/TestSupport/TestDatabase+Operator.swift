public import Base
public import Core
import Postgres

extension TestDatabase {
    /// A call of one of the operator's functions.
    ///
    /// - Parameters:
    ///   - log: Takes what is logged.
    ///   - deadline: When the answer is due.
    /// - Returns: A context with a way to the database that is not open yet.
    /// - Throws: `PostgresError` when the test's own connection string is wrong.
    public func operatorContext(log: Log = .silent, deadline: Deadline = .test) throws -> Context {
        Context(
            origin: Origin(requestID: "test"),
            deadline: deadline,
            log: log,
            database: Database(at: try ConnectionString(operatorURL))
        )
    }
}
