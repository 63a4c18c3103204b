public import Base
import Postgres
public import Core

/// What all processes know of providers, in Postgres: their circuit breakers, and what calls to them used.
///
/// Each operation is one statement and one round trip, also through a pooler, on a connection of the store's own: a
/// caller's transaction may be rolled back, and what happened to a provider has happened all the same.
public struct PostgresStores: ~Copyable {
    /// How long the database may take to answer for a breaker.
    public var answerLimit = Duration.milliseconds(100)

    /// How long it may take where a connection has to be made first.
    public var connectLimit = Duration.seconds(1)

    /// How long it may take to write usage down, which is money.
    public var usageLimit = Duration.seconds(2)

    let reporter: UUID
    let log: Log
    private var database: Database

    /// Makes a store; nothing is opened yet.
    ///
    /// - Parameters:
    ///   - database: Where it is.
    ///   - reporter: Stands for the process.
    ///   - log: For what the server has to say.
    public init(_ database: consuming Database, reporter: UUID = .v7(), log: Log) {
        self.database = database
        self.reporter = reporter
        self.log = log
    }

    /// Ends its use and gives the database back.
    public consuming func end() -> Database {
        database
    }

    /// Runs one statement.
    ///
    /// - Parameters:
    ///   - query: The statement.
    ///   - limit: How long it may take.
    ///   - connecting: How long it may take where a connection has to be made first, if not as long.
    /// - Returns: Its rows.
    /// - Throws: `PostgresError`.
    mutating func run(
        _ query: Query,
        within limit: Duration,
        connecting: Duration? = nil
    ) throws(PostgresError) -> Rows {
        try database.run(query, connecting: connecting ?? limit, answering: limit, log: log)
    }
}
