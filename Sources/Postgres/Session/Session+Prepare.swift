internal import Base
internal import CPostgres

/// The statements that the server has parsed for a session and keeps until the session's end.
///
/// A server parses and plans a statement again each time it is sent, which takes longer than many statements run. Kept
/// statements need a session of their own: a pooler in transaction mode must know of them.
struct PreparedStatements {
    /// A statement with the same text can have other types of parameters.
    private struct Key: Hashable {
        let text: [UInt8]
        let types: [UInt32]

        init?(_ statement: Query) {
            guard case .built(let bytes) = statement.text, statement.parameters.count > 0 else { return nil }
            text = bytes
            types = statement.parameters.entries.map(\.type.rawValue)
        }
    }

    private enum State {
        case sentOnce
        case kept(String)
        case refused
    }

    /// Enough for all statements of the product.
    ///
    /// Each takes some kilobytes of the server's memory.
    private static let most = 300

    private var states: [Key: State] = [:]
    private var count = 0

    /// The beginning of the names, which no other session has.
    ///
    /// A pooler that mixes sessions then causes an error, and never runs a statement of another session.
    private lazy var prefix = "nofx_\(UUID.v7())"

    /// The name of a statement that the server keeps.
    func name(of statement: Query) -> String? {
        guard let key = Key(statement), case .kept(let name) = states[key] else { return nil }
        return name
    }

    /// Records that a statement is about to be sent.
    ///
    /// - Returns: The name under which the server is to keep it; nil the first time, and later if it is kept already.
    mutating func nameToKeep(_ statement: Query) -> String? {
        guard let key = Key(statement) else { return nil }
        switch states[key] {
        case nil where states.count < Self.most: states[key] = .sentOnce
        case .sentOnce:
            count += 1
            let name = "\(prefix)_\(count)"
            states[key] = .kept(name)
            return name
        default: break
        }
        return nil
    }

    /// Records that the server does not keep a statement.
    mutating func refuse(_ statement: Query) {
        if let key = Key(statement) { states[key] = .refused }
    }

    /// Forgets all, because a changed schema makes the server refuse its plans.
    ///
    /// Names are not used again.
    mutating func forget() {
        states = [:]
    }
}

extension Session {
    /// Lets the server keep the statements that are sent for the second time, in a round trip of its own.
    ///
    /// Inside a transaction nothing is prepared, because a failure would end the transaction.
    func prepareRepeated(_ statements: [Query], by deadline: Deadline) throws(PostgresError) {
        guard prepared != nil, PQtransactionStatus(connection) == PQTRANS_IDLE else { return }
        var due: [Query] = []
        for statement in statements {
            guard let name = prepared?.nameToKeep(statement) else { continue }
            guard postPreparation(of: statement, as: name), PQpipelineSync(connection) == 1 else {
                throw abandon(.lost(failure(.connection)), commits: false)
            }
            due.append(statement)
        }
        do throws(Interruption) {
            for statement in due { try takePreparation(of: statement, by: deadline) }
        } catch {
            throw abandon(error, commits: false)
        }
    }

    private func postPreparation(of statement: Query, as name: String) -> Bool {
        let types = statement.parameters.entries.map(\.type.rawValue)
        return statement.withSQL { PQsendPrepare(connection, name, $0, Int32(types.count), types) } == 1
    }

    /// A statement that the server refuses is sent as before, so that its caller gets the failure.
    private func takePreparation(of statement: Query, by deadline: Deadline) throws(Interruption) {
        guard let result = try nextResult(by: deadline) else { throw .lost(failure(.connection)) }
        defer { PQclear(result) }
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK: break
        case PGRES_FATAL_ERROR where ErrorFields(result).isStatementFailure: prepared?.refuse(statement)
        default: throw .lost(failure(.connection, result, statement: statement))
        }
        while let more = try nextResult(by: deadline) { PQclear(more) }
        let end = try nextResult(by: deadline)
        defer { PQclear(end) }
        guard PQresultStatus(end) == PGRES_PIPELINE_SYNC else { throw .lost(failure(.connection)) }
    }
}
