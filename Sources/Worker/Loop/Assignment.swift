import Queue

internal import Base
internal import Core
internal import Runs

/// A step that waits for a thread.
struct Assignment: Sendable {
    let step: ClaimedStep
    let topic: QueueTopic
}

/// A step that a thread is doing.
struct Attempt: Sendable {
    let cancellation = Cancellation()

    /// When it began.
    let start: Duration

    /// Whether the timeline was told.
    var isNoted = false
}

/// What a thread says of a step.
struct Finished: Sendable {
    let step: ClaimedStep
    let outcome: StepOutcome

    /// How long it took; nil when it was not tried.
    var took: Duration?
}
