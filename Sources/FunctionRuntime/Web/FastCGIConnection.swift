import Base
import System

/// A connection of a web server that speaks FastCGI, which brings one request after the other.
struct FastCGIConnection {
    /// A request that is complete.
    struct Request {
        let id: UInt16
        let variables: MetaVariables
        /// The body; nil if it was larger than an input may be.
        let body: [UInt8]?
        /// Whether the server wants the connection to stay open.
        let keepsConnection: Bool
    }

    /// Why a connection cannot be used any more.
    enum Failure: Error {
        /// The server closed it.
        case closed
        /// The server sent what the protocol does not allow, or more variables than a server has.
        case malformed
        case system(SystemError)
    }

    /// Enough for the largest header of the usual servers, which allow 8 to 32 KiB.
    private static let mostVariableBytes = 128 << 10

    /// How long a server may take to send a request once it has begun, and to take an answer.
    ///
    /// Servers send requests whole.
    static let patience = Duration.seconds(30)

    let descriptor: FileDescriptor

    /// Reads the next request.
    ///
    /// - Returns: The request; nil after a record that was answered, or a request that the server gave up.
    /// - Throws: A ``Failure``. The connection must be closed then.
    func next() throws(Failure) -> Request? {
        let deadline = Deadline.after(Self.patience)
        let first = try read(by: deadline)
        guard first.request != 0 else {
            try answerManagement(first)
            return nil
        }
        // The end of a request that was answered before its server gave it up.
        if [.abortRequest, .parameters, .standardInput].contains(first.kind) { return nil }
        guard first.kind == .beginRequest, first.content.count == 8 else { throw .malformed }
        // The only role of a program that answers requests is the responder (section 6.2).
        guard first.content[0] == 0, first.content[1] == 1 else {
            try send(FastCGIRecord.end(of: first.request, .unknownRole))
            return nil
        }
        return try readStreams(of: first.request, keepsConnection: first.content[2] & 1 == 1, by: deadline)
    }

    private func readStreams(
        of id: UInt16,
        keepsConnection: Bool,
        by deadline: Deadline
    ) throws(Failure) -> Request? {
        var variables: [UInt8] = []
        var body: [UInt8]? = []
        var hasVariables = false
        while true {
            let record = try read(by: deadline)
            if record.request == 0 {
                try answerManagement(record)
                continue
            }
            guard record.request == id else {
                // One request at a time; the server was told so if it asked.
                if record.kind == .beginRequest { try send(FastCGIRecord.end(of: record.request, .cannotMultiplex)) }
                continue
            }
            switch record.kind {
            case .abortRequest:
                try send(FastCGIRecord.end(of: id, .complete))
                return nil
            case .parameters where record.content.isEmpty: hasVariables = true
            case .parameters:
                variables += record.content
                guard variables.count <= Self.mostVariableBytes else { throw .malformed }
            case .standardInput where record.content.isEmpty:
                guard hasVariables, let pairs = FastCGIPairs.decode(variables) else { throw .malformed }
                return Request(
                    id: id,
                    variables: MetaVariables(pairs),
                    body: body,
                    keepsConnection: keepsConnection
                )
            case .standardInput:
                // The rest of a body that is too large is read and dropped.
                body?.append(contentsOf: record.content)
                if let count = body?.count, count > JSONLimits.event.bytes { body = nil }
            default: throw .malformed
            }
        }
    }

    /// Sends bytes.
    func send(_ bytes: [UInt8]) throws(Failure) {
        let deadline = Deadline.after(Self.patience)
        do throws(SystemError) {
            try descriptor.send(bytes) { deadline.remainingNanoseconds }
        } catch {
            throw .system(error)
        }
    }

    // MARK: - Records

    private func read(by deadline: Deadline) throws(Failure) -> FastCGIRecord {
        let header = try bytes(FastCGIRecord.headerLength, by: deadline)
        guard header[0] == 1 else { throw .malformed }
        let length = Int(header[4]) << 8 | Int(header[5])
        let content = try bytes(length + Int(header[6]), by: deadline)
        return FastCGIRecord(
            type: header[1],
            request: UInt16(header[2]) << 8 | UInt16(header[3]),
            content: Array(content.prefix(length))
        )
    }

    private func bytes(_ count: Int, by deadline: Deadline) throws(Failure) -> [UInt8] {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try descriptor.read(count) { deadline.remainingNanoseconds }
        } catch {
            throw .system(error)
        }
        guard bytes.count == count else { throw .closed }
        return bytes
    }

    /// Answers a record about the connection (section 4).
    private func answerManagement(_ record: FastCGIRecord) throws(Failure) {
        guard record.kind == .getValues else {
            return try send(
                FastCGIRecord(.unknownType, request: 0, [record.type, 0, 0, 0, 0, 0, 0, 0]).bytes
            )
        }
        let known = [
            "FCGI_MAX_CONNS": "\(FastCGIServer.mostConnections)", "FCGI_MAX_REQS": "1", "FCGI_MPXS_CONNS": "0",
        ]
        let asked = FastCGIPairs.decode(record.content)?.compactMap { pair in
            known[pair.name].map { (name: pair.name, value: $0) }
        }
        try send(FastCGIRecord(.getValuesResult, request: 0, FastCGIPairs.encode(asked ?? [])).bytes)
    }
}
