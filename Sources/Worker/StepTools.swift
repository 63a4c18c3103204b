import Reliability
import AI

internal import AI
internal import Base
internal import Core
internal import HTTPClient
internal import System

/// What the tools of all threads are made of.
struct StepTools: Sendable {
    private let providers: Providers
    private let callPolicy: CallPolicy
    private let egress: EgressPolicy
    private let secrets: SecretStore

    /// The breakers of the process, for when the database does not tell; all threads share them.
    private let ownBreakers = MemoryCircuitBreakerStore()

    /// Reads what the operator says of providers, addresses and secrets.
    ///
    /// - Throws: `ConfigurationError` for the first variable that cannot be used.
    init(_ environment: Environment, budget: Budget = Budget()) throws(ConfigurationError) {
        providers = try Providers(environment)
        var callPolicy = try CallPolicy(environment)
        callPolicy.budget = budget
        self.callPolicy = callPolicy
        egress = try EgressPolicy(environment)
        secrets = try SecretStore(environment)
    }

    /// The tools of one thread.
    func toolBox(_ database: consuming Database, log: Log) -> ToolBox<FallbackCircuitBreakerStore<PostgresStores>> {
        ToolBox(
            providers: AIClient(
                providers,
                callPolicy,
                stores: FallbackCircuitBreakerStore(
                    PostgresStores(database, log: log),
                    over: ownBreakers,
                    log: log
                ),
                log: log
            ),
            client: HTTPClient(userAgent: "nofx", egress: egress),
            secrets: secrets,
            log: log
        )
    }
}
