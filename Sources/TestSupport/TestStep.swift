import Base

/// A step of a run that a test starts without the endpoint that validates plans.
public struct TestStep: Sendable {
    let name: String
    let tool: String
    let dependencies: [String]
    let inputs: String
    let timeout: Duration?
    let attempts: Int
    let backoff: ClosedRange<Int>
    let delay: Duration
    let priority: Int
    let continues: Bool
    let isIdempotent: Bool
    let needs: [String]

    /// Describes a step.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - tool: The tool that executes it.
    ///   - dependencies: The names of the earlier steps that it depends on.
    ///   - inputs: Its inputs, in JSON.
    ///   - timeout: The time limit of an attempt; nil for the default.
    ///   - attempts: The maximum number of attempts.
    ///   - backoff: The first and the longest wait between attempts, in seconds.
    ///   - delay: The delay after its dependencies have ended.
    ///   - priority: Its priority; the lowest value runs first.
    ///   - continues: Whether dependents run when it fails.
    ///   - isIdempotent: Whether the end of a worker may repeat it.
    ///   - needs: What its worker must have.
    public init(
        _ name: String,
        _ tool: String = "test:echo",
        after dependencies: [String] = [],
        inputs: String = "{}",
        timeout: Duration? = nil,
        attempts: Int = 3,
        backoff: ClosedRange<Int> = 2...300,
        delay: Duration = .zero,
        priority: Int = 0,
        continues: Bool = false,
        isIdempotent: Bool = false,
        needs: [String] = []
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
        self.isIdempotent = isIdempotent
        self.needs = needs
    }

    var topic: String { tool.replacing(":", with: ".") }
}
