internal import Base
internal import CPostgres
internal import Glibc
internal import System

/// A libpq session in non-blocking pipeline mode.
///
/// Every wait ends at a deadline.
final class Session {
    /// libpq's connection.
    ///
    /// Once it is open, none of its calls blocks.
    let connection: OpaquePointer
    private let notices: NoticeSink
    private(set) var isClosed = false

    /// When the server last sent data, in nanoseconds of the monotonic clock.
    var lastUse = SystemClock.monotonicNanoseconds()

    /// Statements to send before the next statement, so that they need no round trip of their own.
    var pending: [Query] = []

    /// The statements that the server keeps; nil if it is to keep none.
    var prepared: PreparedStatements?

    /// How often statements were sent.
    var exchanges = 0

    /// Takes ownership of a connection.
    init(taking connection: OpaquePointer, log: Log) {
        self.connection = connection
        notices = NoticeSink(log: log)
        notices.attach(to: connection)
    }

    deinit {
        PQfinish(connection)
    }

    /// Closes the connection at once and discards unsent data.
    func close() {
        isClosed = true
        pending = []
        let socket = PQsocket(connection)
        if socket >= 0 { shutdown(socket, Int32(SHUT_RDWR)) }
    }

    /// Whether the session can start a transaction: it is open, outside of a transaction, and has no unread data.
    ///
    /// Between transactions such data can only be the end of the connection or its announcement.
    func isUsable() -> Bool {
        guard !isClosed, PQstatus(connection) == CONNECTION_OK, PQtransactionStatus(connection) == PQTRANS_IDLE
        else { return false }
        var descriptor = pollfd(fd: PQsocket(connection), events: Self.arrival, revents: 0)
        while poll(&descriptor, 1, 0) != 0 {
            // The connection is closed, or its data cannot be read.
            guard Int32(descriptor.revents) == POLLIN, PQconsumeInput(connection) == 1 else { return false }
            // Parsing the received data delivers notices.
            guard PQisBusy(connection) == 0, !notices.announcedEnd else { return false }
            descriptor.revents = 0
        }
        return true
    }

    /// Data or end of stream.
    ///
    /// 0x2000 is `POLLRDHUP`, which poll.h defines only with `_GNU_SOURCE`.
    private static var arrival: Int16 { Int16(POLLIN) | 0x2000 }
}

// MARK: - Waiting

/// The reason why a wait ended without a result.
enum Interruption: Error {
    case deadline
    /// The connection was lost; the value is the reason.
    case lost(PostgresError)
}

extension Session {
    /// Waits until the socket is ready.
    func wait(for events: Int32, by deadline: Deadline) throws(Interruption) {
        var descriptor = pollfd(fd: PQsocket(connection), events: Int16(events), revents: 0)
        guard descriptor.fd >= 0 else { throw .lost(failure(.connection)) }
        while true {
            let milliseconds = deadline.remainingMilliseconds
            guard milliseconds > 0 else { throw .deadline }
            let ready = poll(&descriptor, 1, Int32(clamping: milliseconds))
            if ready > 0 { return }
            guard ready == 0 || errno == EINTR else { throw .lost(failure(.connection)) }
        }
    }

    /// The next result, or nil at the end of a statement's results.
    ///
    /// While it waits, it sends queued output and reads input. Otherwise both sides could wait for the other to read.
    func nextResult(by deadline: Deadline) throws(Interruption) -> OpaquePointer? {
        while PQisBusy(connection) != 0 {
            guard PQstatus(connection) == CONNECTION_OK else { throw .lost(failure(.connection)) }
            let isUnsent = PQflush(connection) == 1
            try wait(for: isUnsent ? POLLIN | POLLOUT : POLLIN, by: deadline)
            // Data that arrived before the end of the connection can still be parsed. Therefore the next round checks
            // for failure.
            PQconsumeInput(connection)
        }
        return PQgetResult(connection)
    }
}

// MARK: - Errors

extension Session {
    /// An error with libpq's message.
    func failure(_ kind: PostgresError.Kind) -> PostgresError {
        PostgresError(kind, message: redacted(String(cString: PQerrorMessage(connection))))
    }

    /// An error with the server's message, or with libpq's if the server sent none.
    func failure(_ kind: PostgresError.Kind, _ result: OpaquePointer, statement: Query? = nil) -> PostgresError {
        let fields = ErrorFields(result)
        return PostgresError(
            kind,
            state: fields.state.map(SQLState.init(rawValue:)),
            constraint: fields.constraint,
            hint: fields.hint,
            message: redacted(fields.message ?? String(cString: PQresultErrorMessage(result))),
            statement: statement?.sql
        )
    }

    /// Removes the password from a message.
    ///
    /// The message is not expected to contain it.
    private func redacted(_ message: String) -> String {
        guard let password = PQpass(connection), password.pointee != 0 else { return message }
        let secret = Array(String(cString: password).utf8)
        var rest = Array(message.utf8)[...]
        var clean: [UInt8] = []
        while let byte = rest.first {
            if rest.starts(with: secret) {
                clean += "[redacted]".utf8
                rest = rest.dropFirst(secret.count)
            } else {
                clean.append(byte)
                rest = rest.dropFirst()
            }
        }
        return String(decoding: clean, as: UTF8.self)
    }
}
