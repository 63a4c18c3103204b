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

    /// The number of the attempt that begins next, from 1.
    public let attempt: Int

    /// The maximum number of attempts, the first included.
    public let maxAttempts: Int

    /// The time limit of an attempt, if the plan sets one; nil for the default.
    public let timeout: Duration?

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

    /// The place in the trace of the call that started the run; nil if it had none.
    public let trace: TraceContext?

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
        maxAttempts: Int = 20,
        timeout: Duration? = nil,
        backoff: StepBackoff = StepBackoff(),
        secretsScope: String? = nil,
        queuedAt: Timestamp = .now(),
        claimedAt: Timestamp = .now(),
        isAllowed: Bool = true,
        trace: TraceContext? = nil
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
        self.maxAttempts = maxAttempts
        self.timeout = timeout
        self.backoff = backoff
        self.secretsScope = secretsScope
        self.queuedAt = queuedAt
        self.claimedAt = claimedAt
        self.isAllowed = isAllowed
        self.trace = trace
    }

    /// How many attempts are left, this one included.
    public var attemptsLeft: Int { max(1, maxAttempts - attempt + 1) }

    /// How long an attempt may take, if there is time.
    public var timeLimit: Duration { timeout ?? defaultTimeout }

    /// The time limit if the plan sets none.
    private var defaultTimeout: Duration { .seconds(ToolName(tool)?.topic.defaultTimeoutSeconds ?? 60) }

    /// How long an attempt may take where so much time is left; nil if there is not enough.
    ///
    /// A time limit that the plan sets has to fit, and the default is cut.
    public func timeLimit(within left: Duration) -> Duration? {
        let limit = timeout ?? min(defaultTimeout, left)
        return limit <= left && left > .zero ? limit : nil
    }

    /// Whether a worker must not start the step before the store knows that its attempt has begun.
    ///
    /// A step without effects outside of the database may run again if its worker dies.
    public var beginsFirst: Bool { ToolName(tool)?.hasEffects ?? true }

    /// The same for every attempt of the step, so that a server can recognise a repeated request.
    public var idempotencyKey: String { "\(run):\(number)" }
}
