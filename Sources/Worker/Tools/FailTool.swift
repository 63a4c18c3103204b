import Base
import Runs

/// `test:fail`: fails as it is told, and succeeds after as many attempts as it is told.
struct FailTool: Tool {
    func run(_ inputs: FailInputs, in attempt: StepAttempt) throws(StepFailure) -> StepOutcome {
        if let outcome = attempt.wait(inputs.delay) { return outcome }
        if let failure = inputs.failure(ofAttempt: attempt.step.attempt) { throw failure }
        var json = JSONWriter()
        json.object { $0.member("attempt", attempt.step.attempt) }
        return .succeeded(outputs: JSONText(trusted: json.bytes))
    }
}
