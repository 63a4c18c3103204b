public import Base
public import Postgres

extension Database {
    /// Runs a statement of an operator's program in a transaction of its own, where the schema fits this program.
    ///
    /// - Parameters:
    ///   - query: The statement.
    ///   - deadline: When to give up.
    ///   - log: For what the server has to say.
    /// - Returns: Its rows.
    /// - Throws: `PostgresError`; nothing was stored, unless it says that the outcome is unknown.
    public mutating func operatorQuery(_ query: Query, deadline: Deadline, log: Log) throws(PostgresError) -> Rows {
        let rows = try transact(
            ["SELECT nofx.check_version(\(SchemaVersion.required))", query],
            access: .readWrite,
            deadline: deadline,
            log: log
        )
        return rows[1]
    }
}
