internal import Base
internal import Runs

/// A result in the form of the arguments of `nofx.finish_steps`; empty strings stand for NULL.
struct StepReport {
    let outcome: String
    var outputs = ""
    var error = ""

    /// In microseconds.
    var delay: Int64 = 0

    init(_ result: StepResult) {
        switch result.outcome {
        case .succeeded(let outputs, _):
            outcome = "succeeded"
            self.outputs = outputs.description
        case .failed(let failure):
            error = Self.json(of: failure)
            guard let wait = failure.wait(for: result.step) else {
                outcome = "failed"
                return
            }
            outcome = "retry"
            delay = wait.wholeMicroseconds
        case .timedOut:
            outcome = "retry"
            error = Self.json(of: .timedOut())
            delay = result.step.usualWait.wholeMicroseconds
        case .cancelled:
            outcome = "cancelled"
        case .interrupted:
            outcome = "interrupted"
        case .released(let wait, _):
            outcome = "released"
            delay = wait.wholeMicroseconds
        }
    }

    private static func json(of failure: StepFailure) -> String {
        var json = JSONWriter()
        json.object { json in
            json.member("code", failure.code)
            json.member("message", failure.message)
            if let seconds = failure.retryAfter { json.member("retryAfter", seconds) }
            if failure.requests > 0 { json.member("requests", failure.requests) }
            if let calls = failure.calls { json.member("attempts", calls) }
            if let answer = failure.answer {
                json.member("answer") { json in
                    json.object { json in
                        json.member("status", answer.status)
                        json.member("body", answer.body)
                    }
                }
            }
        }
        return String(decoding: json.bytes, as: UTF8.self)
    }
}

extension StepOutcome {
    /// The artifacts to store with the run.
    var artifacts: [NewArtifact] {
        if case .succeeded(_, let artifacts) = self { artifacts } else { [] }
    }
}

extension StepFailure {
    /// The failure of an attempt that exceeded its time limit.
    static func timedOut(requests: Int = 0, calls: JSONText? = nil) -> StepFailure {
        StepFailure(
            "timed_out",
            "The attempt exceeded its time limit.",
            retry: .later,
            requests: requests,
            calls: calls
        )
    }

    /// The delay before the next attempt; nil if a retry would fail again.
    fileprivate func wait(for step: ClaimedStep) -> Duration? {
        switch retry {
        case .never: nil
        case .later: step.usualWait
        case .notBefore(let floor): max(floor, step.usualWait)
        }
    }
}

extension ClaimedStep {
    fileprivate var usualWait: Duration { backoff.delay(afterAttempts: attempt) }
}
