import Base
import Runs

/// `wait:until`: gives the step back until its time has come, so that waiting keeps no worker busy.
///
/// It goes by the database's clock alone.
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
