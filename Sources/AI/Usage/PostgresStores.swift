public import Base
import Postgres
public import Core

/// The state that all processes share about providers, in Postgres: circuit breakers, usage and budgets.
///
/// Each operation is one statement and one round trip, also through a pooler. The store has its own connection, so a
/// rollback of the caller's transaction does not undo what the store recorded.
public struct PostgresStores: ~Copyable {
    /// The longest time that the database may take for a breaker operation.
    public var answerLimit = Duration.milliseconds(100)

    /// The longest time for a breaker operation that must connect first.
    public var connectLimit = Duration.seconds(1)

    /// The longest time to write usage.
    ///
    /// It is longer because losing a usage record loses money.
    public var usageLimit = Duration.seconds(2)

    private let caller: Caller?
    let reporter: UUID
    let log: Log
    private var database: Database

    /// Makes a store; it connects on first use.
    ///
    /// - Parameters:
    ///   - database: The database of the store.
    ///   - caller: Who spends a team's money; nil for the programs of operators.
    ///   - reporter: Identifies the process.
    ///   - log: Receives the database server's notices.
    public init(
        _ database: consuming Database,
        as caller: Caller? = nil,
        reporter: UUID = .v7(),
        log: Log
    ) {
        self.database = database
        self.caller = caller
        self.reporter = reporter
        self.log = log
    }

    /// Ends the store and returns its database.
    public consuming func end() -> Database {
        database
    }

    /// Runs one statement.
    ///
    /// - Parameters:
    ///   - query: The statement.
    ///   - limit: The longest time that the statement may take.
    ///   - connecting: The longest time if the store must connect first; nil for the same limit.
    /// - Returns: The rows of the result.
    /// - Throws: `PostgresError`.
    mutating func run(
        _ query: Query,
        within limit: Duration,
        connecting: Duration? = nil
    ) throws(PostgresError) -> Rows {
        try database.run(query, as: caller, connecting: connecting ?? limit, answering: limit, log: log)
    }
}
