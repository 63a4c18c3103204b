internal import Base
internal import CPostgres
internal import System

extension Session {
    /// Runs several statements without values, as one message of the simple query protocol.
    func runScript(_ sql: String, by deadline: Deadline) throws(PostgresError) {
        try requireTransaction()
        try check([], by: deadline)
        guard !sql.utf8.contains(0) else {
            throw PostgresError(.server, state: .featureNotSupported, message: "the script contains a NUL")
        }
        if !pending.isEmpty {
            let preamble = pending
            pending = []
            _ = try exchange(preamble, by: deadline)
        }
        // Pipeline mode accepts only single statements.
        guard PQexitPipelineMode(connection) == 1, PQsendQuery(connection, sql) == 1 else {
            throw abandon(.lost(failure(.connection)), commits: false)
        }
        var refusal: PostgresError?
        do throws(Interruption) {
            while let result = try nextResult(by: deadline) {
                defer { PQclear(result) }
                switch PQresultStatus(result) {
                case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: continue
                case PGRES_FATAL_ERROR where ErrorFields(result).isStatementFailure:
                    refusal = refusal ?? failure(.server, result)
                default: throw .lost(failure(.connection, result))
                }
            }
        } catch {
            throw abandon(error, commits: false)
        }
        exchanges += 1
        lastUse = SystemClock.monotonicNanoseconds()
        guard PQenterPipelineMode(connection) == 1 else {
            throw abandon(.lost(failure(.connection)), commits: false)
        }
        if let refusal { throw refusal }
        try requireTransaction()
    }
}
