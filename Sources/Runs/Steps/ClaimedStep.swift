public import Base
import Core
public import Queue

/// A claimed step, with everything that a worker needs to execute it.
public struct ClaimedStep: Sendable {
    /// The job and the fencing token of the claim.
    public let lease: JobLease

    /// The team that owns the run.
    public let team: UUID

    /// The run.
    public let run: ID<Run>

    /// The step's index in the plan, from 0.
    public let number: Int

    /// The name of the step.
    public let name: String

    /// The name of the tool, as the plan has it.
    public let tool: String

    /// The inputs before references and secrets are resolved.
    public let inputs: JSONText

    /// The outputs of the referenced steps, by step name.
    public var outputs: [String: JSONText]

    /// The artifacts that the inputs name, by the values of `$artifact`.
    public var artifacts: [String: ArtifactContent]

    /// The number of this attempt, from 1.
    public let attempt: Int

    /// The time limit of the attempt.
    public let timeout: Duration

    /// The waits after failed attempts.
    public let backoff: StepBackoff

    /// The scope of the secrets that the step may use; nil for none.
    public let secretsScope: String?

    /// When the step became due, by the database's clock.
    public let queuedAt: Timestamp

    /// When the step was claimed, by the database's clock.
    ///
    /// Decisions about time use it, so the worker's clock does not matter.
    public let claimedAt: Timestamp

    /// Whether the team's current policy allows the tool and the secret scope.
    ///
    /// A step that is not allowed fails without being executed.
    public let isAllowed: Bool

    /// Makes a claimed step.
    public init(
        lease: JobLease,
        team: UUID,
        run: ID<Run>,
        number: Int,
        name: String,
        tool: String,
        inputs: JSONText,
        outputs: [String: JSONText] = [:],
        artifacts: [String: ArtifactContent] = [:],
        attempt: Int = 1,
        timeout: Duration = .seconds(60),
        backoff: StepBackoff = StepBackoff(),
        secretsScope: String? = nil,
        queuedAt: Timestamp = .now(),
        claimedAt: Timestamp = .now(),
        isAllowed: Bool = true
    ) {
        self.lease = lease
        self.team = team
        self.run = run
        self.number = number
        self.name = name
        self.tool = tool
        self.inputs = inputs
        self.outputs = outputs
        self.artifacts = artifacts
        self.attempt = attempt
        self.timeout = timeout
        self.backoff = backoff
        self.secretsScope = secretsScope
        self.queuedAt = queuedAt
        self.claimedAt = claimedAt
        self.isAllowed = isAllowed
    }

    /// The same for every attempt of the step, so that a server can recognise a repeated request.
    public var idempotencyKey: String { "\(run):\(number)" }
}
