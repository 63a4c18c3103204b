import AI
import Base
import Core
import Postgres
import System
import TestSupport
import Reliability

/// Calls simulated providers as a program would, with the breakers in a database.
struct Asker {
    typealias Providers = AIClient<FallbackCircuitBreakerStore<PostgresStores>>

    var variables: [String: String]
    let database: TestDatabase

    /// Collects the log.
    let lines = LogLines()

    /// Makes an asker.
    ///
    /// Its waits take milliseconds where production waits take seconds.
    init(_ database: TestDatabase, anthropic: String? = nil, openAI: String? = nil, _ more: [String: String] = [:]) {
        self.database = database
        var variables = ["NOFX_RETRY_BASE_MS": "100", "NOFX_RETRY_CAP_MS": "800"]
        variables["ANTHROPIC_BASE_URL"] = anthropic
        variables["OPENAI_BASE_URL"] = openAI
        variables["ANTHROPIC_MODEL"] = "claude-haiku-4-5"
        variables["OPENAI_MODEL"] = "gpt-4.1"
        variables["ANTHROPIC_API_KEY"] = anthropic.map { _ in Self.key }
        variables["OPENAI_API_KEY"] = openAI.map { _ in Self.key }
        self.variables = variables.merging(more) { $1 }
    }

    /// Makes an asker with the variables of its providers.
    init(_ database: TestDatabase, _ variables: [String: String]) {
        self.init(database, anthropic: nil, openAI: nil, variables)
    }

    static let key = "sk-of-the-tests-0123456789"

    /// Makes an AI client, as a new process would.
    ///
    /// - Parameters:
    ///   - url: The database; nil for the test's database.
    ///   - isPatient: Whether to allow for a database that is slow because the machine is busy.
    /// - Returns: The client.
    /// - Throws: `ConfigurationError`, or `PostgresError` for an invalid connection string.
    func providers(at url: String? = nil, isPatient: Bool = true) throws -> Providers {
        let environment = Environment(variables.map { ($0.key, $0.value) })
        let log = lines.log
        var stores = PostgresStores(Database(at: try ConnectionString(url ?? database.operatorURL)), log: log)
        if isPatient {
            // A busy machine must not count as a database outage.
            stores.answerLimit = .seconds(60)
            stores.connectLimit = .seconds(60)
            stores.usageLimit = .seconds(60)
        }
        return Providers(
            try AI.Providers(environment),
            try CallPolicy(environment),
            stores: FallbackCircuitBreakerStore(stores, log: log),
            log: log
        )
    }

    /// Makes one call.
    func ask(
        _ request: CompletionRequest,
        of names: [String]? = nil,
        for team: UUID? = nil,
        deadline: Deadline = .test
    ) throws -> CallAnswer {
        var providers = try providers()
        return try providers.call(request, of: names, for: team, deadline: deadline)
    }

    /// The error of one call; nil if it succeeds.
    func failure(
        _ request: CompletionRequest,
        of names: [String]? = nil,
        for team: UUID? = nil,
        deadline: Deadline = .test
    ) throws -> AIError? {
        var providers = try providers()
        do throws(AIError) {
            _ = try providers.call(request, of: names, for: team, deadline: deadline)
            return nil
        } catch {
            return error
        }
    }

    /// The stored state of a breaker.
    func breaker(_ name: String = "openai") throws -> (state: String, failures: Int32, generation: Int) {
        let row = try database.rows(
            "SELECT state, failures, generation FROM nofx.circuit_breakers WHERE name = \(name)"
        )
        guard let row = row.first else { return ("missing", 0, 0) }
        return (try row["state"], try row["failures"], try row["generation"])
    }

    /// A prompt that no other call uses.
    static func prompt() -> String { "What is \(UUID.v7())?" }
}
