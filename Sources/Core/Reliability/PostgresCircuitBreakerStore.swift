public import Base
import Postgres

/// Keeps the states of circuit breakers in Postgres, where all processes share them.
///
/// Where all is well, asking is one read and telling is nothing. Each call is one statement and one round trip, also
/// through a pooler.
public struct PostgresCircuitBreakerStore: ~Copyable, CircuitBreakerStore {
    /// How long the database may take to answer.
    public var answerLimit = Duration.milliseconds(100)

    /// How long it may take where a connection has to be made first.
    public var connectLimit = Duration.seconds(1)

    private var database: Database
    private let reporter: UUID
    private let log: Log

    /// Makes a store.
    ///
    /// - Parameters:
    ///   - database: Where it is; a connection is made when one is needed.
    ///   - reporter: Stands for the process.
    ///   - log: For what the server has to say.
    public init(_ database: consuming Database, reporter: UUID = .v7(), log: Log) {
        self.database = database
        self.reporter = reporter
        self.log = log
    }

    public mutating func acquire(
        _ name: String,
        under policy: CircuitBreakerPolicy
    ) throws -> CircuitAdmission {
        let rows = try run(
            """
            SELECT verdict, generation, is_dirty, wait, error, transition
            FROM nofx.circuit_acquire(\(name), \(policy.json))
            """
        )
        return try CircuitAdmission(name: name, row: rows.first)
    }

    public mutating func record(
        _ outcome: CircuitOutcome,
        of permit: consuming CircuitPermit,
        under policy: CircuitBreakerPolicy
    ) throws -> CircuitTransition? {
        guard permit.isNews(outcome, under: policy) else { return nil }
        let report = outcome.columns
        let isSlow = policy.window?.isSlow(permit.duration) ?? false
        let rows = try run(
            """
            SELECT transition, wait, exceeded
            FROM nofx.circuit_record(\(permit.name), \(permit.generation), \(report.kind), \(report.error),
                                     \(report.wait), \(report.reason), \(permit.isDirty), \(isSlow), \(reporter),
                                     \(policy.json))
            """
        )
        return try CircuitTransition(recorded: rows.first)
    }

    /// Ends its use and gives the database back.
    public consuming func end() -> Database {
        database
    }

    private mutating func run(_ query: Query) throws(PostgresError) -> Rows {
        try database.run(query, connecting: connectLimit, answering: answerLimit, log: log)
    }
}
