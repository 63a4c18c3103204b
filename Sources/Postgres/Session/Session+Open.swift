internal import Base
internal import CPostgres
internal import Glibc
internal import System

extension Session {
    /// Connects to the first host that accepts the connection.
    ///
    /// Tries all hosts before the deadline.
    static func open(
        _ string: ConnectionString,
        deadline: Deadline,
        log: Log
    ) throws(PostgresError) -> Session {
        if string.resolvesNames { NameService.useFilesAndDNS() }
        var last = PostgresError(.timeout, message: "the deadline passed before connecting")
        var left = UInt64(string.attempts.count)
        for attempt in string.attempts where !deadline.hasPassed {
            // A host that does not respond must leave time for the other hosts.
            let share = deadline.remainingNanoseconds / left
            let budget = Duration.nanoseconds(Int64(clamping: min(share, string.timeoutPerHost ?? .max)))
            do {
                let session = try open(attempt, by: min(.after(budget), deadline), log: log)
                if string.keepsStatements { session.prepared = PreparedStatements() }
                return session
            } catch {
                last = error
            }
            left -= 1
        }
        guard deadline.hasPassed, last.kind == .connection else { throw last }
        throw PostgresError(.timeout, message: last.message)
    }

    private static func open(
        _ keywords: KeywordList,
        by deadline: Deadline,
        log: Log
    ) throws(PostgresError) -> Session {
        guard let connection = keywords.withPointers({ PQconnectStartParams($0, $1, 0) }) else {
            throw PostgresError(.connection, message: "out of memory")
        }
        let session = Session(taking: connection, log: log)
        try session.finishOpening(by: deadline)
        guard PQsetnonblocking(connection, 1) == 0, PQenterPipelineMode(connection) == 1 else {
            throw session.failure(.connection)
        }
        session.lastUse = SystemClock.monotonicNanoseconds()
        return session
    }

    private func finishOpening(by deadline: Deadline) throws(PostgresError) {
        guard PQstatus(connection) != CONNECTION_BAD else { throw failure(.connection) }
        // A unix socket is already connected. Any other socket is ready when it becomes writable.
        var progress = PQstatus(connection) == CONNECTION_MADE ? PQconnectPoll(connection) : PGRES_POLLING_WRITING
        while progress != PGRES_POLLING_OK {
            guard progress != PGRES_POLLING_FAILED else { throw failure(.connection) }
            do {
                try wait(for: progress == PGRES_POLLING_READING ? POLLIN : POLLOUT, by: deadline)
            } catch {
                switch error {
                case .deadline: throw PostgresError(.connection, message: "the server did not answer in time")
                case .lost(let cause): throw cause
                }
            }
            progress = PQconnectPoll(connection)
        }
    }
}
