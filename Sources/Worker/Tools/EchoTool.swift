import Base
import Runs

/// `test:echo`: answers what it is given, after a while if it is told so.
struct EchoTool: Tool {
    func run(_ inputs: EchoInputs, in attempt: StepAttempt) -> StepOutcome {
        attempt.wait(inputs.delay) ?? .succeeded(outputs: inputs.all)
    }
}
