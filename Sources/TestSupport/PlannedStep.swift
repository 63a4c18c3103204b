public import Base

/// A step of a run that a test starts without the endpoint that checks plans.
public struct PlannedStep: Sendable {
    let name: String
    let tool: String
    let inputs: String
    let dependsOn: [String]
    let timeout: Duration
    let attempts: Int
    let backoff: ClosedRange<Int>
    let delay: Duration
    let priority: Int
    let continues: Bool

    /// Describes a step.
    ///
    /// - Parameters:
    ///   - name: What the plan calls it.
    ///   - tool: What does it, by the tool's own name.
    ///   - inputs: What it is given, in JSON.
    ///   - dependsOn: The names of earlier steps that have to be done before.
    ///   - timeout: How long an attempt may take.
    ///   - attempts: How many it has.
    ///   - backoff: The first and the longest wait between them, in seconds.
    ///   - delay: How long it waits before it is due.
    ///   - priority: The lowest comes first.
    ///   - continues: Whether others go on when it fails.
    public init(
        _ name: String,
        tool: String = "test:echo",
        inputs: String = "{}",
        after dependsOn: [String] = [],
        timeout: Duration = .seconds(60),
        attempts: Int = 3,
        backoff: ClosedRange<Int> = 2...300,
        delay: Duration = .zero,
        priority: Int = 0,
        continues: Bool = false
    ) {
        self.name = name
        self.tool = tool
        self.inputs = inputs
        self.dependsOn = dependsOn
        self.timeout = timeout
        self.attempts = attempts
        self.backoff = backoff
        self.delay = delay
        self.priority = priority
        self.continues = continues
    }

    var topic: String { tool.replacing(":", with: ".") }
}

/// A team that can start runs.
public struct WorkingTeam: Sendable {
    /// The team.
    public let id: UUID

    /// Its owner.
    public let owner: UUID
}
