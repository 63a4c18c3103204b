import Base
import System

/// The transport of FastCGI: a web server or a process manager passes a listening socket as standard input (section
/// 2.2), and the process answers the requests of its connections one after the other.
///
/// Several processes may share the socket. Connections to the web server and to the database stay open.
struct FastCGIServer {
    /// The number of connections that a process keeps open between requests.
    static let mostConnections = 64

    /// How long the process waits for requests on open connections after it was asked to end.
    ///
    /// A web server that keeps connections may be sending a request at that moment, and does not repeat it on another
    /// connection. A connection without a request in this time is hardly in use.
    private static let lastWait = Duration.seconds(1)

    private let socket: ListeningSocket
    private let handler: any RequestHandler

    /// Whether the web server is asked to end each client's connection after the answer.
    private let closesConnections: Bool
    private let log: Log

    init(_ socket: ListeningSocket, _ handler: any RequestHandler, closesConnections: Bool) {
        self.socket = socket
        self.handler = handler
        self.closesConnections = closesConnections
        log = Log(level: handler.logLevel, function: handler.name)
    }

    /// Serves until SIGTERM or SIGINT.
    ///
    /// The request that is being answered is answered first, and one that is on its way on an open connection.
    func serve() -> Never {
        do throws(SystemError) {
            let (reading, writing) = try FileDescriptor.pipe()
            let watch = try TerminationWatch { try? writing.write([0]) }
            try serve(until: reading)
            _ = consume watch
            handler.telemetry.flush()
            Process.exit(ExitStatus.success)
        } catch {
            log.error("fastcgi.failed", ["error": error.description])
            Process.exit(ExitStatus.inputOutput)
        }
    }

    private func serve(until stop: FileDescriptor) throws(SystemError) {
        var connections: [FastCGIConnection] = []
        while true {
            switch try socket.next(connections.map(\.descriptor), until: stop) {
            case .stop: return try drain(connections)
            case .connection:
                guard let descriptor = try socket.accept() else { continue }
                // The connection that was used least recently goes.
                if connections.count == Self.mostConnections { connections.removeFirst().descriptor.close() }
                connections.append(FastCGIConnection(descriptor: descriptor))
            case .readable(let index):
                let connection = connections.remove(at: index)
                if answer(connection) {
                    connections.append(connection)
                } else {
                    connection.descriptor.close()
                }
            }
        }
    }

    /// Answers one more request of each connection, and closes it then.
    private func drain(_ connections: [FastCGIConnection]) throws(SystemError) {
        var connections = connections
        let deadline = Deadline.after(Self.lastWait)
        while !connections.isEmpty {
            let index = try FileDescriptor.firstReadable(
                of: connections.map(\.descriptor),
                timeoutNanoseconds: deadline.remainingNanoseconds
            )
            guard let index else { return }
            let connection = connections.remove(at: index)
            _ = answer(connection)
            connection.descriptor.close()
        }
    }

    /// Answers the next request of a connection.
    ///
    /// - Returns: Whether the connection stays open.
    private func answer(_ connection: FastCGIConnection) -> Bool {
        do throws(FastCGIConnection.Failure) {
            guard let request = try connection.next() else { return true }
            let prefix = closesConnections ? Array("Connection: close\r\n".utf8) : []
            var failure: FastCGIConnection.Failure?
            let send = { (bytes: [UInt8]) in
                guard failure == nil else { return }
                do throws(FastCGIConnection.Failure) {
                    try connection.send(bytes)
                } catch {
                    failure = error
                }
            }
            let sendPiece = { (piece: [UInt8], head: Answer?) in
                let document = head.map { prefix + $0.document } ?? []
                send(FastCGIRecord.output(document + piece, of: request.id))
                return failure == nil
            }
            // What follows the answer, such as the record of a denial, must not delay it.
            respond(to: request, sendPiece) { answer in
                send(FastCGIRecord.answer(answer.wasStreamed ? [] : prefix + answer.document, to: request.id))
            }
            if let failure { throw failure }
            return request.keepsConnection
        } catch {
            if case .closed = error { return false }
            log.warning("fastcgi.connection_failed", ["error": "\(error)"])
            return false
        }
    }

    private func respond(
        to request: FastCGIConnection.Request,
        _ send: @escaping ([UInt8], Answer?) -> Bool,
        deliver: (Answer) -> Void
    ) {
        do throws(Problem) {
            guard let body = request.body else { throw .payloadTooLarge }
            if let length = try request.variables.contentLength(), length != body.count {
                throw .malformedRequest("The body must have as many bytes as Content-Length says.")
            }
            let request = try request.variables.request(body: .text(body))
            handler.answer(request, Delivery(isFromWeb: true, send: send), deliver: deliver)
        } catch {
            deliver(handler.refuse(error))
        }
    }
}
