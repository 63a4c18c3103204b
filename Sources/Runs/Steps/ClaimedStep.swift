public import Base
import Core
public import Queue

/// A step that a worker has claimed, with all that it takes to do it.
public struct ClaimedStep: Sendable {
    /// What shows that it is this worker's.
    public let lease: JobLease

    /// Whose step it is.
    public let team: UUID

    /// Which run it belongs to.
    public let run: ID<Run>

    /// Its place in the plan, from 0.
    public let number: Int

    /// What the plan calls it.
    public let name: String

    /// What does it, as the plan says.
    public let tool: String

    /// What the tool is given; references to earlier steps and secrets are still in it.
    public let inputs: JSONText

    /// The outputs of the steps that the inputs may refer to, by their names.
    public var outputs: [String: JSONText]

    /// Which time it is tried, the first being 1.
    public let attempt: Int

    /// How long an attempt may take.
    public let timeout: Duration

    /// How long to wait after attempts that failed.
    public let backoff: StepBackoff

    /// Which secrets it may use.
    public let secretsScope: String?

    /// When it was put into the queue, by the database's clock.
    public let queuedAt: Timestamp

    /// When it was claimed, by the same clock: what it waits for has come or not, whatever a worker's clock shows.
    public let claimedAt: Timestamp

    /// Whether the team may use its tool and its secrets, as the operator says now: a step that is not allowed fails
    /// without having been done.
    public let isAllowed: Bool

    /// Describes a claimed step.
    public init(
        lease: JobLease,
        team: UUID,
        run: ID<Run>,
        number: Int,
        name: String,
        tool: String,
        inputs: JSONText,
        outputs: [String: JSONText] = [:],
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
        self.attempt = attempt
        self.timeout = timeout
        self.backoff = backoff
        self.secretsScope = secretsScope
        self.queuedAt = queuedAt
        self.claimedAt = claimedAt
        self.isAllowed = isAllowed
    }

    /// What tells others that it is this step again, whichever attempt it is.
    public var idempotencyKey: String { "\(run):\(number)" }
}
