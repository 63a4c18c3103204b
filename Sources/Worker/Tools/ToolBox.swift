public import AI
public import Base
import Core
public import HTTPClient
public import Reliability
public import Runs
import System

/// All tools, for one thread.
///
/// It resolves the inputs of a step for its tool, and makes the results storable: within the limits and without
/// secrets.
public struct ToolBox<Stores: CircuitBreakerStore & UsageStore & ~Copyable>: ~Copyable, StepExecutor {
    private let secrets: SecretStore
    private let log: Log
    private var generate: GenerateTool<Stores>
    private var request: HTTPRequestTool

    /// Makes the tools.
    ///
    /// - Parameters:
    ///   - providers: The providers for `ai:generate`.
    ///   - client: The client for `http:request`; its `EgressPolicy` limits the addresses that steps can reach.
    ///   - secrets: The store of secrets.
    ///   - log: The log of attempts; it never shows inputs or outputs.
    public init(
        providers: consuming AIClient<Stores>,
        client: consuming HTTPClient,
        secrets: SecretStore,
        log: Log
    ) {
        generate = GenerateTool(providers)
        request = HTTPRequestTool(client, log: log)
        self.secrets = secrets
        self.log = log
    }

    public mutating func execute(
        _ step: ClaimedStep,
        deadline: Deadline,
        cancellation: Cancellation
    ) -> StepOutcome {
        execute(step, deadline: deadline, cancellation: cancellation, writing: LiveText())
    }

    public mutating func execute(
        _ step: ClaimedStep,
        deadline: Deadline,
        cancellation: Cancellation,
        writing text: LiveText
    ) -> StepOutcome {
        let start = SystemClock.uptime
        // The worker's own call goes on for all runs, so the step belongs to the trace of its run's start.
        let links = log.trace.context.map { $0.spanID == nil ? [] : [$0] } ?? []
        let span = log.trace.begin("step", .consumer, in: step.trace, links: links)
        var redaction = Redaction()
        var outcome: StepOutcome
        do throws(StepFailure) {
            guard step.isAllowed else {
                throw StepFailure("policy_denied", "The team's policy does not allow the step's tool or its secrets.")
            }
            let inputs = try resolve(step, recordingIn: &redaction)
            text.hide(redaction)
            let attempt = StepAttempt(
                step: step,
                deadline: min(deadline, .after(step.timeLimit)),
                cancellation: cancellation,
                redaction: redaction,
                text: text,
                trace: span.trace
            )
            outcome = try run(inputs, in: attempt)
        } catch {
            outcome = .failed(error)
        }
        outcome = outcome.storable(redaction)
        span.end(step.attributes(outcome), error: outcome.failure?.code)
        log.info("step.attempted", step.fields(outcome, took: SystemClock.uptime - start))
        return outcome
    }

    /// Resolves the references and secrets in a step's inputs.
    private func resolve(_ step: ClaimedStep, recordingIn redaction: inout Redaction) throws(StepFailure) -> JSONText {
        try step.inputs.resolving(
            outputs: step.outputs,
            artifacts: step.artifacts,
            urls: step.tool == "http:request" ? ["url"] : [],
            secrets: { (name) throws(StepFailure) in
                guard let scope = step.secretsScope.flatMap(SecretsScope.init(rawValue:)) else { return nil }
                do throws(SystemError) {
                    let secret = try secrets.secret(name, of: scope, for: step.team)
                    if let secret { redaction.add(secret) }
                    return secret
                } catch {
                    log.error(
                        "step.secret_unreadable",
                        [
                            "teamId": step.team, "scope": scope.rawValue, "secret": name.rawValue,
                            "error": "\(error)",
                        ]
                    )
                    throw StepFailure("secret_unreadable", "A secret of the step cannot be read.", retry: .later)
                }
            }
        )
    }

    private mutating func run(_ inputs: JSONText, in attempt: StepAttempt) throws(StepFailure) -> StepOutcome {
        let noTool = StepFailure("tool_not_executable", "Workers do not execute this tool.")
        guard let kind = ToolName(attempt.step.tool)?.kind else { throw noTool }
        if attempt.cancellation.isCancelled { return .cancelled }
        if attempt.deadline.hasPassed { return .timedOut }
        switch kind {
        case .generate: return try Self.use(&generate, inputs, attempt)
        case .embed: return try generate.embed(EmbedInputs(stepInputs: inputs), in: attempt)
        case .httpRequest: return try Self.use(&request, inputs, attempt)
        case .writeArtifact: return try Self.use(WriteArtifactTool(), inputs, attempt)
        case .wait: return try Self.use(WaitTool(), inputs, attempt)
        case .echo: return try Self.use(EchoTool(), inputs, attempt)
        case .fail: return try Self.use(FailTool(), inputs, attempt)
        case .gate: throw noTool
        }
    }

    private static func use<Used: Tool & ~Copyable>(
        _ tool: inout Used,
        _ inputs: JSONText,
        _ attempt: StepAttempt
    ) throws(StepFailure) -> StepOutcome {
        try tool.run(Used.Inputs(stepInputs: inputs), in: attempt)
    }

    private static func use(
        _ tool: some Tool,
        _ inputs: JSONText,
        _ attempt: StepAttempt
    ) throws(StepFailure) -> StepOutcome {
        var tool = tool
        return try use(&tool, inputs, attempt)
    }
}

extension ClaimedStep {
    /// The attributes of an attempt's span.
    fileprivate func attributes(_ outcome: StepOutcome) -> KeyValuePairs<String, Span.Value?> {
        [
            "nofx.team_id": .text("\(team)"), "nofx.run_id": .text("\(run)"), "nofx.step": .text(name),
            "nofx.step_no": .number(number), "nofx.tool": .text(tool), "nofx.attempt": .number(attempt),
            "nofx.outcome": .text(outcome.word),
        ]
    }

    /// The log fields of an attempt.
    fileprivate func fields(_ outcome: StepOutcome, took: Duration) -> KeyValuePairs<String, any JSONEncodable> {
        [
            "teamId": team, "runId": run, "step": name, "stepNo": number, "tool": tool, "attempt": attempt,
            "outcome": outcome.word, "code": outcome.failure?.code, "milliseconds": took.wholeMilliseconds,
        ]
    }
}

/// What the tools of all threads share.
struct StepTools: Sendable {
    private let providers: Providers
    private let protection: CallPolicy
    private let reach: EgressPolicy
    private let secrets: SecretStore

    /// The breakers of this process, shared by its threads, for when the database is unavailable.
    private let ownBreakers = MemoryCircuitBreakerStore()

    /// Reads the configuration of providers, addresses and secrets.
    ///
    /// - Throws: `ConfigurationError` for the first invalid variable.
    init(_ environment: Environment, budget: Budget = Budget()) throws(ConfigurationError) {
        providers = try Providers(environment)
        var protection = try CallPolicy(environment)
        protection.budget = budget
        self.protection = protection
        reach = try EgressPolicy(environment)
        secrets = try SecretStore(environment)
    }

    /// What steps may need and these tools have, sorted.
    func abilities() -> [String] {
        let keys = providers.all.flatMap { provider in
            provider.keys.map { StepNeed.key($0.fingerprint, of: provider.name) }
        }
        let providers = providers.all.compactMap { StepNeed.provider($0.name) }
        let secrets = secrets.scopes().map { StepNeed.secrets($0.scope, of: $0.team) }
        return (providers + (providers.isEmpty ? [] : [StepNeed.anyProvider]) + keys + secrets).sorted()
    }

    /// Makes the tools of one thread.
    func toolBox(_ database: consuming Database, log: Log) -> ToolBox<FallbackCircuitBreakerStore<PostgresStores>> {
        ToolBox(
            providers: AIClient(
                providers,
                protection,
                stores: FallbackCircuitBreakerStore(
                    PostgresStores(database, log: log),
                    over: ownBreakers,
                    log: log
                ),
                log: log
            ),
            client: HTTPClient(userAgent: "nofx", egress: reach),
            secrets: secrets,
            log: log
        )
    }
}
