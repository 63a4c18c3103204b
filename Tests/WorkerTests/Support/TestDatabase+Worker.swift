import Base
import Core
import Postgres
import Runs
import TestSupport
import Worker

extension TestDatabase {
    /// A worker's store of steps.
    func stepStore(at url: String? = nil) throws -> PostgresStepStore {
        var store = PostgresStepStore(Database(at: try ConnectionString(url ?? operatorURL)), log: .silent)
        store.defaultTools = .all
        return store
    }

    /// Runs a worker until no step is due.
    @discardableResult
    func drain(
        at url: String? = nil,
        _ change: (inout WorkerSettings) -> Void = { _ in },
        doing body: @escaping @Sendable (ClaimedStep, Cancellation) -> StepOutcome = { _, _ in .done }
    ) throws -> WorkerReport {
        var settings = WorkerSettings(topics: [.echo])
        change(&settings)
        var worker = Worker(try stepStore(at: url), settings, log: .silent) { TestExecutor(body: body) }
        return try worker.run(until: .test)
    }

    /// Expires all leases.
    func endLeases() throws {
        try rows("UPDATE nofx.queue SET lease_until = now() - interval '1 second' WHERE state = 'running'")
    }
}
