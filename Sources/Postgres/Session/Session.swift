internal import Base
internal import CPostgres
internal import Glibc
internal import System

/// A libpq session in non-blocking pipeline mode, whose every wait ends at a deadline.
final class Session {
    /// libpq's connection; none of its calls blocks once it is open.
    let connection: OpaquePointer
    private let notices: NoticeSink
    private(set) var isClosed = false

    /// When the server was last heard of, on the monotonic clock.
    var lastUse = SystemClock.monotonicNanoseconds()

    /// What goes ahead of the next statement, so that it costs no round trip of its own.
    var pending: [Query] = []

    /// How often statements were sent.
    var exchanges = 0

    /// Takes over a connection.
    init(taking connection: OpaquePointer, log: Log) {
        self.connection = connection
        notices = NoticeSink(log: log)
        notices.attach(to: connection)
    }

    deinit {
        PQfinish(connection)
    }

    /// Gives the connection up at once: nothing that is still unsent leaves the process.
    func close() {
        isClosed = true
        pending = []
        let socket = PQsocket(connection)
        if socket >= 0 { shutdown(socket, Int32(SHUT_RDWR)) }
    }

    /// Whether the session can take a transaction: open, in none, and with nothing to read, which between
    /// transactions could only be the end of the connection or its announcement.
    func isUsable() -> Bool {
        guard !isClosed, PQstatus(connection) == CONNECTION_OK, PQtransactionStatus(connection) == PQTRANS_IDLE
        else { return false }
        var descriptor = pollfd(fd: PQsocket(connection), events: Self.arrival, revents: 0)
        while poll(&descriptor, 1, 0) != 0 {
            // Closed, or data that cannot be had.
            guard Int32(descriptor.revents) == POLLIN, PQconsumeInput(connection) == 1 else { return false }
            // Parses what came, so that notices are delivered.
            guard PQisBusy(connection) == 0, !notices.announcedEnd else { return false }
            descriptor.revents = 0
        }
        return true
    }

    /// Data, or the end of it: `POLLRDHUP`, which poll.h only shows to those who define `_GNU_SOURCE`.
    private static var arrival: Int16 { Int16(POLLIN) | 0x2000 }
}

// MARK: - Waiting

/// What ended a wait other than an answer.
enum Interruption: Error {
    case deadline
    /// The connection's end, with what was said about it.
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

    /// The next result; nil at the end of a statement's results.
    ///
    /// While waiting it sends what could not be sent yet, and takes in what the server sends meanwhile:
    /// otherwise both sides could wait for the other to read.
    func nextResult(by deadline: Deadline) throws(Interruption) -> OpaquePointer? {
        while PQisBusy(connection) != 0 {
            guard PQstatus(connection) == CONNECTION_OK else { throw .lost(failure(.connection)) }
            let isUnsent = PQflush(connection) == 1
            try wait(for: isUnsent ? POLLIN | POLLOUT : POLLIN, by: deadline)
            // What came before the end of the connection is still there to be parsed, so a failure is looked
            // at on the next round.
            PQconsumeInput(connection)
        }
        return PQgetResult(connection)
    }
}

// MARK: - Errors

extension Session {
    /// An error in libpq's words.
    func failure(_ kind: PostgresError.Kind) -> PostgresError {
        PostgresError(kind, message: redacted(String(cString: PQerrorMessage(connection))))
    }

    /// An error in the server's words, or in libpq's when there are none.
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

    /// The message without the password, which should not be in it to begin with.
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
