internal import Base
internal import CPostgres

extension Session {
    /// Throws if an earlier statement left a transaction open.
    func requireIdle() throws(PostgresError) {
        guard isClosed || PQtransactionStatus(connection) == PQTRANS_IDLE else {
            let error =
                PQstatus(connection) == CONNECTION_OK
                ? PostgresError(.connection, message: "the connection is busy with an earlier statement")
                : failure(.connection)
            close()
            throw error
        }
    }

    /// Runs a transaction in one round trip.
    func transact(
        _ queries: [Query],
        begin: Query,
        limits: Query?,
        commits: Bool,
        by deadline: Deadline
    ) throws(PostgresError) -> [Rows] {
        var statements: [Query] = []
        statements.reserveCapacity(queries.count + 3)
        statements.append(begin)
        if let limits { statements.append(limits) }
        let preamble = statements.count
        statements.append(contentsOf: queries)
        statements.append("COMMIT")
        var rows = try exchange(statements, commits: commits, by: deadline)
        try requireCommitted(rows.popLast())
        rows.removeFirst(preamble)
        return rows
    }

    /// Checks that a `COMMIT` took effect.
    ///
    /// After a failed statement, Postgres responds to it with `ROLLBACK` and no error.
    func requireCommitted(_ answer: Rows?) throws(PostgresError) {
        guard let answer, answer.isCommand("COMMIT") else {
            throw PostgresError(.server, state: .inFailedTransaction, message: "COMMIT was answered by ROLLBACK")
        }
    }
}
