/// A step of a run that a test starts.
public struct TestStep: Sendable {
    let name: String
    let tool: String
    let dependencies: [String]
    let inputs: String
    let continues: Bool
    let maxAttempts: Int

    /// Describes a step.
    ///
    /// - Parameters:
    ///   - name: What the plan calls it.
    ///   - tool: What does it.
    ///   - dependencies: The names of steps that come before it in the plan.
    ///   - inputs: What it is given, as JSON.
    ///   - continues: Whether others go on when it fails.
    ///   - maxAttempts: How often it is tried at most.
    public init(
        _ name: String,
        _ tool: String = "test:echo",
        after dependencies: [String] = [],
        inputs: String = "{}",
        continues: Bool = false,
        maxAttempts: Int = 1
    ) {
        self.name = name
        self.tool = tool
        self.dependencies = dependencies
        self.inputs = inputs
        self.continues = continues
        self.maxAttempts = maxAttempts
    }

    var planned: PlannedStep {
        PlannedStep(
            name,
            tool: tool,
            inputs: inputs,
            after: dependencies,
            attempts: maxAttempts,
            continues: continues
        )
    }
}
