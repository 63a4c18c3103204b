public import Base
public import Postgres

/// The context of one call: caller, origin, deadline, log, quotas and database.
public struct Context: ~Copyable {
    /// Where the call came from.
    public let origin: Origin

    /// When the answer is due.
    public let deadline: Deadline

    /// The call's log.
    public let log: Log

    /// The authenticated caller; nil before authentication.
    public private(set) var caller: Caller?

    /// What the operator allows.
    public let quotas: Quotas

    /// What remains of the caller's rate limit; nil before the first statement and without a limit.
    public internal(set) var rateLimitStatus: RateLimitStatus?

    /// Takes the answer in pieces; nil where the transport or the request cannot.
    public var stream: AnswerStream?

    var database: Database
    var repeatable: RepeatableCall?
    var attempt: Attempt?

    /// Begins a call.
    public init(
        origin: Origin,
        deadline: Deadline,
        log: Log,
        quotas: Quotas = Quotas(),
        database: consuming Database
    ) {
        self.origin = origin
        self.deadline = deadline
        self.log = log
        self.quotas = quotas
        self.database = database
        self.database.beginCall(in: log.trace)
    }

    /// What the call has used of the database so far; it goes on to count.
    public var databaseUse: DatabaseUse { database.use }

    /// Sets the authenticated caller.
    public mutating func authenticated(as caller: Caller) {
        self.caller = caller
    }

    /// Another way to the same database, for work that must not wait for the call's own transactions, or that goes on in
    /// another thread; nothing is opened yet.
    public borrowing func separateDatabase() -> Database { database.separate() }

    /// Makes ways as ``separateDatabase()`` does, each for a thread of its own, from any thread.
    public borrowing func separateDatabases() -> @Sendable () -> Database { database.separates() }

    /// Ends the call and gives the database back for the next one.
    public consuming func end() -> Database {
        database
    }
}

extension Context {
    /// Runs statements that change something, all or none of them, in one round trip.
    ///
    /// `nofx.enter` runs first: it refuses a disabled user and a schema that does not fit, makes the user on first
    /// sight, and stores the verified address. Then, and only then, the statements run, with the caller's row to refer
    /// to.
    ///
    /// - Returns: The rows of the last statement.
    /// - Throws: `PostgresError`, or a 401 `Problem` when the caller is not authenticated.
    public mutating func write(_ queries: Query...) throws -> Rows {
        try transact(queries, access: .readWrite)
    }

    /// Runs statements that change nothing, as ``write(_:)`` does.
    ///
    /// A lost connection then has no ambiguous outcome.
    public mutating func read(_ queries: Query...) throws -> Rows {
        try transact(queries, access: .readOnly)
    }

    /// Runs statements that change nothing for a call that has read already and looks again: it is not counted twice.
    ///
    /// - Returns: The rows of the last statement.
    /// - Throws: As ``read(_:)`` does, but that the caller's rate is never over.
    public mutating func pollRead(_ queries: Query...) throws -> Rows {
        try transact(queries, access: .readOnly, isCounted: false)
    }

    /// Runs statements that change something for a call that has been counted already.
    ///
    /// - Returns: The rows of the last statement.
    /// - Throws: As ``write(_:)`` does, but that the caller's rate is never over.
    public mutating func pollWrite(_ queries: Query...) throws -> Rows {
        try transact(queries, access: .readWrite, isCounted: false)
    }

    /// Closes the connection, for a call that waits; the next statement opens another.
    public mutating func closeConnection() { database.close() }

    /// Runs statements before the caller is authenticated, or without a caller.
    ///
    /// - Returns: The rows of the last statement.
    /// - Throws: `PostgresError`.
    public mutating func unauthenticatedQuery(_ queries: Query..., access: AccessMode = .readOnly) throws -> Rows {
        let results = try database.transact(queries, access: access, deadline: deadline, log: log)
        guard let last = results.last else { throw Problem.internal }
        return last
    }

    /// Looks something up before the caller is authenticated: one statement, and no transaction around it.
    ///
    /// - Returns: Its rows.
    /// - Throws: `PostgresError`.
    public mutating func lookUp(_ query: Query) throws -> Rows {
        try database.run(query, connecting: deadline.remaining, answering: deadline.remaining, log: log)
    }

    /// Runs a statement of an operator's program, which has no caller, if the schema fits this program.
    ///
    /// - Parameters:
    ///   - query: The statement.
    ///   - limit: The time that it may take, if that is less than the call's.
    /// - Returns: Its rows.
    /// - Throws: `PostgresError`.
    public mutating func operatorQuery(_ query: Query, within limit: Duration? = nil) throws -> Rows {
        let end = limit.map { min(deadline, .after($0)) } ?? deadline
        return try database.operatorQuery(query, deadline: end, log: log)
    }

    /// Lends the connection itself, for work that is not one caller's: migrations.
    public mutating func withConnection<Output>(_ body: (inout Connection) throws -> Output) throws -> Output {
        try database.withConnection(deadline: deadline, log: log, body)
    }

    /// What the audit trail keeps of the call, as `nofx.log_activity` takes it.
    public var record: JSONText { origin.record(credential: caller?.credential ?? "") }

    var requiredCaller: Caller {
        get throws(Problem) {
            guard let caller else { throw .unauthenticated }
            return caller
        }
    }

    private mutating func transact(
        _ queries: [Query],
        access: AccessMode,
        isCounted: Bool = true
    ) throws -> Rows {
        let caller = try requiredCaller
        let rate = isCounted ? access == .readWrite ? quotas.writes : quotas.reads : nil
        var opening = [Query.entry(of: caller)]
        let rateKey = "\(caller.user) \(access == .readWrite ? "writes" : "reads")"
        if let rate { opening.append(.take(rate, of: rateKey)) }
        var work = queries
        if access == .readWrite, let repeatable { work.insert(.once(repeatable), at: 0) }
        let results: [Rows]
        do throws(PostgresError) {
            results = try run(opening, work, access: rate == nil ? access : .readWrite)
        } catch {
            switch error.state {
            case .callRepeated where repeatable != nil: throw CallRepeated()
            case .rateExceeded where error.constraint == rateKey:
                rateLimitStatus = rate.map { RateLimitStatus(exhausted: $0, reset: error.hint.flatMap(Int.init)) }
            default: break
            }
            throw error
        }
        guard let last = results.last else { throw Problem.internal }
        try logAddressChange(results.first)
        if rate != nil { rateLimitStatus = try results[1].decodeFirst() }
        return last
    }

    private mutating func run(
        _ opening: [Query],
        _ work: [Query],
        access: AccessMode
    ) throws(PostgresError) -> [Rows] {
        if access == .readWrite, repeatable != nil {
            // A call that is refused has been made all the same: it counts, as it does where nothing is held.
            return try database.hold(opening, work, deadline: deadline, log: log)
        }
        let queries = opening + work
        do {
            return try database.transact(queries, access: access, deadline: deadline, log: log)
        } catch {
            guard error.state == .readOnlyTransaction, access == .readOnly, let entry = opening.first else {
                throw error
            }
            // The caller is seen for the first time or has a new address, and is written down alone: what only reads
            // must not write.
            let entered = try database.transact([entry], access: .readWrite, deadline: deadline, log: log)
            // The second entry leaves the address alone: another user may have taken it meanwhile.
            let rest = (caller.map { [Query.entry(of: $0, hasAddress: false)] } ?? []) + queries.dropFirst()
            return entered + (try database.transact(rest, access: .readOnly, deadline: deadline, log: log)).dropFirst()
        }
    }

    /// Logs what became of the address in the caller's token.
    private func logAddressChange(_ rows: Rows?) throws(PostgresError) {
        guard let row = rows?.first else { return }
        switch try row["email_outcome"] as String? {
        case "changed": log.info("user.email_changed", ["userId": caller?.user])
        case "taken": log.warning("user.email_taken", ["userId": caller?.user])
        default: break
        }
        if let holder = try row["former_holder"] as ID<User>? {
            log.warning("user.email_removed", ["userId": holder, "newUserId": caller?.user])
        }
    }
}

extension Query {
    /// The first statement of a caller's transaction.
    ///
    /// - Parameters:
    ///   - caller: The caller.
    ///   - hasAddress: Whether the address of the caller's token is stored if it is new.
    /// - Returns: The statement.
    static func entry(of caller: Caller, hasAddress: Bool = true) -> Query {
        let email = hasAddress ? caller.email : nil
        return """
            SELECT * FROM nofx.enter(\(SchemaVersion.required), \(caller.user), \(caller.issuer), \(caller.subject),
                                     \(email?.text), \(email?.normalized), \(caller.mayOperate),
                                     \(email == nil ? nil : caller.issuedAt))
            """
    }
}

extension Context {
    /// Reports an entry of the audit trail that was lost, with all that it would have said.
    ///
    /// - Parameters:
    ///   - row: A row whose column `activity` is what `nofx.log_activity` returned.
    ///   - action: What was to be recorded.
    ///   - team: The team it was done to.
    ///   - metadata: What was to be recorded of it.
    /// - Throws: `PostgresError` when there is no such column.
    public func noteActivity<Team>(
        _ row: Row,
        _ action: String,
        team: ID<Team>,
        _ metadata: KeyValuePairs<String, any JSONEncodable>
    ) throws(PostgresError) {
        guard try row["activity"] as Int? == nil else { return }
        var json = JSONWriter()
        json.object { json in
            for (name, value) in metadata { json.member(name, value) }
        }
        log.error(
            "activity.lost",
            [
                "action": action, "teamId": team, "userId": caller?.user,
                "metadata": JSONText(trusted: json.bytes), "origin": record,
            ]
        )
    }
}
