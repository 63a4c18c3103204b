import Base

/// A step of a run that a test starts without the endpoint that validates plans.
public struct TestStep: Sendable {
    let name: String
    let tool: String
    let dependencies: [String]
    let inputs: String
    let timeout: Duration
    let attempts: Int
    let backoff: ClosedRange<Int>
    let delay: Duration
    let priority: Int
    let continues: Bool

    /// Describes a step.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - tool: The tool that executes it.
    ///   - dependencies: The names of the earlier steps that it depends on.
    ///   - inputs: Its inputs, in JSON.
    ///   - timeout: The time limit of an attempt.
    ///   - attempts: The maximum number of attempts.
    ///   - backoff: The first and the longest wait between attempts, in seconds.
    ///   - delay: The delay after its dependencies have ended.
    ///   - priority: Its priority; the lowest value runs first.
    ///   - continues: Whether dependents run when it fails.
    public init(
        _ name: String,
        _ tool: String = "test:echo",
        after dependencies: [String] = [],
        inputs: String = "{}",
        timeout: Duration = .seconds(60),
        attempts: Int = 3,
        backoff: ClosedRange<Int> = 2...300,
        delay: Duration = .zero,
        priority: Int = 0,
        continues: Bool = false
    ) {
        self.name = name
        self.tool = tool
        self.dependencies = dependencies
        self.inputs = inputs
        self.timeout = timeout
        self.attempts = attempts
        self.backoff = backoff
        self.delay = delay
        self.priority = priority
        self.continues = continues
    }

    var topic: String { tool.replacing(":", with: ".") }
}
