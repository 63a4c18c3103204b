import Base
import Runs

/// `artifact:write`: stores its content as an artifact.
struct WriteArtifactTool: Tool {
    func run(_ inputs: WriteArtifactInputs, in attempt: StepAttempt) throws(StepFailure) -> StepOutcome {
        let artifact = try attempt.artifact(inputs.name, inputs.contentType, inputs.content)
        var json = JSONWriter()
        json.object { $0.member("artifact") { artifact.describe(in: &$0) } }
        return .succeeded(outputs: JSONText(trusted: json.bytes), artifacts: [artifact])
    }
}

/// `wait:until`: returns the step to the queue until its time has come, so that waiting occupies no worker.
///
/// It uses the database's clock only.
struct WaitTool: Tool {
    func run(_ inputs: WaitInputs, in attempt: StepAttempt) -> StepOutcome {
        let (queued, now) = (attempt.step.queuedAt, attempt.step.claimedAt)
        let end = inputs.until ?? queued + .seconds(inputs.seconds ?? 0)
        guard end <= now else {
            let rest = end.microsecondsSince1970 - now.microsecondsSince1970
            return .released(after: .microseconds(rest), because: .notDue)
        }
        var json = JSONWriter()
        json.object { $0.member("until", end) }
        return .succeeded(outputs: JSONText(trusted: json.bytes))
    }
}

/// `test:echo`: returns its inputs, after a delay if they set one.
struct EchoTool: Tool {
    func run(_ inputs: EchoInputs, in attempt: StepAttempt) -> StepOutcome {
        attempt.wait(inputs.delay) ?? .succeeded(outputs: inputs.all)
    }
}

/// `test:fail`: fails with the given error, and succeeds after the given number of attempts.
struct FailTool: Tool {
    func run(_ inputs: FailInputs, in attempt: StepAttempt) throws(StepFailure) -> StepOutcome {
        if let outcome = attempt.wait(inputs.delay) { return outcome }
        if let failure = inputs.failure(ofAttempt: attempt.step.attempt) { throw failure }
        var json = JSONWriter()
        json.object { $0.member("attempt", attempt.step.attempt) }
        return .succeeded(outputs: JSONText(trusted: json.bytes))
    }
}
