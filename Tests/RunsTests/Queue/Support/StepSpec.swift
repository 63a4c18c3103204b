import TestSupport

/// A step of a run that a test starts with the SQL function; its name is `s` and its number.
struct StepSpec {
    /// The numbers of the steps it depends on.
    var after: [Int] = []
    var tool = "test:echo"
    var inputs = "{}"
    var continues = false
    var priority = 0
    var attempts = 3
    var delay = 0

    /// A chain of steps, each of which depends on the previous one.
    static func chain(_ count: Int) -> [StepSpec] {
        (0..<count).map { StepSpec(after: $0 == 0 ? [] : [$0 - 1]) }
    }

    /// The step with a number in the plan.
    func step(as number: Int) -> TestStep {
        TestStep(
            "s\(number)",
            tool,
            after: after.map { "s\($0)" },
            inputs: inputs,
            attempts: attempts,
            delay: .seconds(delay),
            priority: priority,
            continues: continues
        )
    }
}
