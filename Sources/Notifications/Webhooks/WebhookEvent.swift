public import Base
public import Postgres

/// What a webhook can be told of: everything that is in the timeline of a run, by the same names.
public enum WebhookEvent: String, InputEnumeration, OutputValue, PostgresEncodable, PostgresDecodable,
    PostgresArrayElement
{
    case runCreated = "run.created"
    case runCancelRequested = "run.cancel_requested"
    case runResumed = "run.resumed"
    case runSucceeded = "run.succeeded"
    case runFailed = "run.failed"
    case runCancelled = "run.cancelled"
    case stepQueued = "step.queued"
    case stepStarted = "step.started"
    case stepRetrying = "step.retrying"
    case stepRescued = "step.rescued"
    case stepInterrupted = "step.interrupted"
    case stepReleased = "step.released"
    case stepRetried = "step.retried"
    case stepReopened = "step.reopened"
    case stepSucceeded = "step.succeeded"
    case stepFailed = "step.failed"
    case stepTimedOut = "step.timed_out"
    case stepCancelled = "step.cancelled"
    case stepSkipped = "step.skipped"
    case gateCreated = "gate.created"
    case gateApproved = "gate.approved"
    case gateRejected = "gate.rejected"
    case gateWaived = "gate.waived"
    case gateExpired = "gate.expired"
    case gateCancelled = "gate.cancelled"
    case gateReopened = "gate.reopened"
    case artifactCreated = "artifact.created"
}
