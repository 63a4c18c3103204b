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

/// Does single steps with all the tools, as a worker's thread would.
struct ToolBench {
    let team = UUID.v7()
    let run = ID<Run>.make()
    let stores = ToolStores()
    let lines = LogLines()

    /// What the process was started with; by default this machine can be reached.
    var variables = ["NOFX_HTTP_ALLOW": "127.0.0.0/8", "NOFX_RETRY_BASE_MS": "10", "NOFX_RETRY_CAP_MS": "20"]

    /// Tools that ask imitations of providers.
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

    /// Everything a thread needs.
    func tools() throws -> ToolBox<ToolStores> {
        let environment = Environment(variables.map { ($0.key, $0.value) })
        return ToolBox(
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

    /// A step that was claimed.
    func step(
        _ tool: String,
        _ inputs: String,
        outputs: [String: String] = [:],
        attempt: Int = 1,
        timeout: Duration = .seconds(120),
        scope: String? = nil,
        queuedAt: Timestamp = .now(),
        claimedAt: Timestamp = .now(),
        isAllowed: Bool = true
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
            isAllowed: isAllowed
        )
    }

    /// Does a step.
    func execute(
        _ step: ClaimedStep,
        deadline: Deadline = .test,
        cancellation: Cancellation = Cancellation()
    ) throws -> StepOutcome {
        var tools = try tools()
        return tools.execute(step, deadline: deadline, cancellation: cancellation)
    }

    /// Does a step with nothing special about it.
    func execute(_ tool: String, _ inputs: String) throws -> StepOutcome {
        try execute(step(tool, inputs))
    }
}

extension StepOutcome {
    /// Why it failed; nil if it did not.
    var error: StepFailure? {
        if case .failed(let failure) = self { failure } else { nil }
    }

    /// What it succeeded with.
    ///
    /// - Throws: That it did not.
    func success() throws -> (json: JSONValue, artifacts: [NewArtifact]) {
        guard case .succeeded(let outputs, let artifacts) = self else { throw NoSuccess(outcome: self) }
        return (try JSONDocument(parsing: outputs.bytes, limits: .stepValue).root, artifacts)
    }

    /// How long the step is given back for; nil if it is not.
    var release: (wait: Duration, reason: StepRelease)? {
        if case .released(let wait, let reason) = self { (wait, reason) } else { nil }
    }

    struct NoSuccess: Error {
        let outcome: StepOutcome
    }
}
