internal import Base
internal import CPostgres
internal import System

extension Session {
    /// Sends statements with one Sync message after the last and reads all results in one round trip.
    ///
    /// The server skips the statements after one that fails.
    ///
    /// - Parameters:
    ///   - statements: The statements, in order.
    ///   - commits: Whether the last statement commits. Once it may have left this process, a lost response means that
    ///     the outcome is unknown.
    ///   - deadline: When to give up.
    /// - Returns: The rows of each statement.
    /// - Throws: The failure of the first failed statement, or the reason for a missing response. The session is closed
    ///   in the latter case.
    func exchange(_ statements: [Query], commits: Bool = false, by deadline: Deadline) throws(PostgresError) -> [Rows] {
        try check(statements, by: deadline)
        try prepareRepeated(statements, by: deadline)
        for (index, statement) in statements.enumerated() where !post(statement) {
            throw abandon(.lost(failure(.connection)), commits: commits && index == statements.count - 1)
        }
        guard PQpipelineSync(connection) == 1 else { throw abandon(.lost(failure(.connection)), commits: commits) }
        let answer = answer(to: statements[...], by: deadline)
        if let failure = answer.failure {
            // A failure that was read is certain, even if the rest of the response is lost.
            if answer.interruption != nil { close() }
            throw failure
        }
        if let interruption = answer.interruption { throw abandon(interruption, commits: commits) }
        return answer.rows
    }

    /// Sends statements with a Sync message after each and reads all results in one round trip.
    ///
    /// Each statement is its own transaction.
    func exchangeIndependently(
        _ statements: [Query],
        commits: Bool,
        by deadline: Deadline
    ) throws(PostgresError) -> [Result<Rows, PostgresError>] {
        try check(statements, by: deadline)
        try prepareRepeated(statements, by: deadline)
        for statement in statements where !post(statement) || PQpipelineSync(connection) != 1 {
            throw abandon(.lost(failure(.connection)), commits: commits)
        }
        var results: [Result<Rows, PostgresError>] = []
        results.reserveCapacity(statements.count)
        for index in statements.indices {
            let answer = answer(to: statements[index...index], by: deadline)
            if let failure = answer.failure {
                results.append(.failure(failure))
            } else if let rows = answer.rows.first, answer.interruption == nil {
                results.append(.success(rows))
            }
            if let interruption = answer.interruption {
                // The failed statement has a known outcome. The outcome of all others is unknown.
                let error = abandon(interruption, commits: commits)
                while results.count < statements.count { results.append(.failure(error)) }
                break
            }
        }
        return results
    }

    /// Rolls back an open transaction.
    ///
    /// If that fails, the session is closed, which has the same effect.
    func rollBack(by deadline: Deadline) {
        pending = []
        guard !isClosed, PQtransactionStatus(connection) != PQTRANS_IDLE else { return }
        do {
            _ = try exchange(["ROLLBACK"], by: deadline)
        } catch {
            close()
        }
    }
}

// MARK: - Sending

extension Session {
    func check(_ statements: [Query], by deadline: Deadline) throws(PostgresError) {
        guard !isClosed else { throw PostgresError(.connection, message: "the connection was closed earlier") }
        guard !deadline.hasPassed else { throw PostgresError(.timeout, message: "the deadline passed before sending") }
        for statement in statements where !statement.fitsProtocol {
            throw PostgresError(
                .server,
                state: .programLimitExceeded,
                message: "more or larger values than the protocol can carry",
                statement: statement.sql
            )
        }
    }

    /// Queues a statement for sending.
    ///
    /// Returns false if the connection is unusable.
    private func post(_ statement: Query) -> Bool {
        let parameters = statement.parameters
        let count = parameters.count
        // Results are requested in binary format, because session settings do not change that format.
        guard count > 0 else {
            return statement.withSQL { PQsendQueryParams(connection, $0, 0, nil, nil, nil, nil, 1) } == 1
        }
        return parameters.buffer.bytes.withUnsafeBytes { bytes in
            withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: count) { values in
                withUnsafeTemporaryAllocation(of: Int32.self, capacity: 2 * count) { numbers in
                    withUnsafeTemporaryAllocation(of: Oid.self, capacity: count) { types in
                        for (index, entry) in parameters.entries.enumerated() {
                            let value = entry.length < 0 ? nil : bytes.baseAddress?.advanced(by: entry.offset)
                            values.initializeElement(at: index, to: value?.assumingMemoryBound(to: CChar.self))
                            numbers.initializeElement(at: index, to: Int32(entry.length))
                            numbers.initializeElement(at: count + index, to: 1)
                            types.initializeElement(at: index, to: entry.type.rawValue)
                        }
                        let lengths = UnsafePointer(numbers.baseAddress)
                        let formats = lengths?.advanced(by: count)
                        if let name = prepared?.name(of: statement) {
                            let values = UnsafePointer(values.baseAddress)
                            return PQsendQueryPrepared(connection, name, Int32(count), values, lengths, formats, 1) == 1
                        }
                        return statement.withSQL { sql in
                            PQsendQueryParams(
                                connection,
                                sql,
                                Int32(count),
                                types.baseAddress,
                                values.baseAddress,
                                lengths,
                                formats,
                                1
                            )
                        } == 1
                    }
                }
            }
        }
    }
}

// MARK: - Receiving

extension Session {
    /// The results up to a Sync message.
    private struct Answer {
        var rows: [Rows] = []
        /// The first failure that the server itself reported.
        var failure: PostgresError?
        var interruption: Interruption?
    }

    private func answer(to statements: ArraySlice<Query>, by deadline: Deadline) -> Answer {
        var answer = Answer()
        answer.rows.reserveCapacity(statements.count)
        do throws(Interruption) {
            for statement in statements {
                try take(resultOf: statement, into: &answer, by: deadline)
            }
            let end = try nextResult(by: deadline)
            defer { PQclear(end) }
            guard PQresultStatus(end) == PGRES_PIPELINE_SYNC else { throw .lost(failure(.connection)) }
        } catch {
            answer.interruption = error
        }
        exchanges += 1
        lastUse = SystemClock.monotonicNanoseconds()
        return answer
    }

    private func take(
        resultOf statement: Query,
        into answer: inout Answer,
        by deadline: Deadline
    ) throws(Interruption) {
        guard let result = try nextResult(by: deadline) else { throw .lost(failure(.connection)) }
        switch PQresultStatus(result) {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
            answer.rows.append(Rows(result: result))
        case PGRES_PIPELINE_ABORTED:
            PQclear(result)
        case PGRES_FATAL_ERROR where ErrorFields(result).isStatementFailure:
            defer { PQclear(result) }
            // A plan's result type has changed, or the server does not know the statement: it is prepared anew.
            if ["0A000", "26000"].contains(ErrorFields(result).state) { prepared?.forget() }
            answer.failure = answer.failure ?? failure(.server, result, statement: statement)
        default:
            // The connection ended, or the server started a COPY, which this protocol code does not support.
            defer { PQclear(result) }
            throw .lost(failure(.connection, result, statement: statement))
        }
        while let more = try nextResult(by: deadline) { PQclear(more) }
    }

    /// Closes the session and returns the error for the work in progress.
    func abandon(_ interruption: Interruption, commits: Bool) -> PostgresError {
        close()
        switch interruption {
        case .deadline:
            return PostgresError(commits ? .commitOutcomeUnknown : .timeout, message: "the deadline passed")
        case .lost(let cause):
            return PostgresError(
                commits ? .commitOutcomeUnknown : .connection,
                state: cause.state,
                message: cause.message,
                statement: cause.statement
            )
        }
    }
}
