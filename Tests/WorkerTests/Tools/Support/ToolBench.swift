import AI
import Base
import Core
import HTTPClient
import Runs
import System
import TestSupport
import Testing
import Worker
import Queue

/// Executes single steps with all tools, as a worker's thread would.
struct ToolBench {
    let team = UUID.v7()
    let run = ID<Run>.make()
    let stores = ToolStores()
    let lines = LogLines()

    /// The environment variables; by default the tools may connect to this machine.
    var variables = ["NOFX_HTTP_ALLOW": "127.0.0.0/8", "NOFX_RETRY_BASE_MS": "10", "NOFX_RETRY_CAP_MS": "20"]

    /// Makes a bench whose tools call simulated providers.
    init(anthropic: String? = nil, openAI: String? = nil, _ more: [String: String] = [:]) {
        variables["ANTHROPIC_BASE_URL"] = anthropic
        variables["OPENAI_BASE_URL"] = openAI
        variables["ANTHROPIC_MODEL"] = "claude-haiku-4-5"
        variables["OPENAI_MODEL"] = "gpt-4.1"
        variables["ANTHROPIC_API_KEY"] = anthropic.map { _ in Self.key }
        variables["OPENAI_API_KEY"] = openAI.map { _ in Self.key }
        variables.merge(more) { $1 }
    }

    static let key = "sk-of-the-tests-0123456789"

    /// Makes a bench with the variables of its providers.
    init(_ variables: [String: String]) {
        self.init(anthropic: nil, openAI: nil, variables)
    }

    var environment: Environment { Environment(variables.map { ($0.key, $0.value) }) }

    /// Makes the tools of a thread.
    func tools() throws -> ToolBox<ToolStores> {
        ToolBox(
            providers: AIClient(
                try Providers(environment),
                try CallPolicy(environment),
                stores: stores,
                log: lines.log
            ),
            client: HTTPClient(userAgent: "nofx", egress: try EgressPolicy(environment)),
            secrets: try SecretStore(environment),
            log: lines.log
        )
    }

    /// A claimed step.
    func step(
        _ tool: String,
        _ inputs: String,
        outputs: [String: String] = [:],
        attempt: Int = 1,
        timeout: Duration = .seconds(120),
        scope: String? = nil,
        queuedAt: Timestamp = .now(),
        claimedAt: Timestamp = .now(),
        isAllowed: Bool = true,
        models: AllowedModels = .all
    ) -> ClaimedStep {
        ClaimedStep(
            lease: JobLease(job: .make(), fence: 1),
            team: team,
            run: run,
            number: 3,
            name: "the step",
            tool: tool,
            inputs: JSONText(trusted: Array(inputs.utf8)),
            outputs: outputs.mapValues { JSONText(trusted: Array($0.utf8)) },
            attempt: attempt,
            timeout: timeout,
            secretsScope: scope,
            queuedAt: queuedAt,
            claimedAt: claimedAt,
            isAllowed: isAllowed,
            models: models
        )
    }

    /// Executes a step.
    func execute(
        _ step: ClaimedStep,
        deadline: Deadline = .test,
        cancellation: Cancellation = Cancellation()
    ) throws -> StepOutcome {
        var tools = try tools()
        return tools.execute(step, deadline: deadline, cancellation: cancellation)
    }

    /// Executes a step with default properties.
    func execute(_ tool: String, _ inputs: String) throws -> StepOutcome {
        try execute(step(tool, inputs))
    }
}

extension StepOutcome {
    /// The failure of the step; nil if it did not fail.
    var error: StepFailure? {
        if case .failed(let failure) = self { failure } else { nil }
    }

    /// The outputs of a successful step.
    ///
    /// - Throws: ``NoSuccess`` if the step did not succeed.
    func success() throws -> (json: JSONValue, artifacts: [NewArtifact]) {
        guard case .succeeded(let outputs, let artifacts) = self else { throw NoSuccess(outcome: self) }
        return (try JSONDocument(parsing: outputs.bytes, limits: .stepValue).root, artifacts)
    }

    /// The wait and the reason of a released step; nil if it was not released.
    var release: (wait: Duration, reason: StepRelease)? {
        if case .released(let wait, let reason) = self { (wait, reason) } else { nil }
    }

    struct NoSuccess: Error {
        let outcome: StepOutcome
    }
}
