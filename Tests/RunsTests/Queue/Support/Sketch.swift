import TestSupport

/// A step of a run that a test starts by the statement alone; it is called `s` and its number.
struct Sketch {
    /// The numbers of the steps it depends on.
    var after: [Int] = []
    var tool = "test:echo"
    var inputs = "{}"
    var continues = false
    var priority = 0
    var attempts = 3
    var delay = 0

    /// Steps of which each depends on the one before.
    static func chain(_ count: Int) -> [Sketch] {
        (0..<count).map { Sketch(after: $0 == 0 ? [] : [$0 - 1]) }
    }

    /// The step by its number in the plan.
    func planned(as number: Int) -> PlannedStep {
        PlannedStep(
            "s\(number)",
            tool: tool,
            inputs: inputs,
            after: after.map { "s\($0)" },
            attempts: attempts,
            delay: .seconds(delay),
            priority: priority,
            continues: continues
        )
    }
}
