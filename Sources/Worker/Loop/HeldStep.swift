import Queue

internal import Core

/// What a worker keeps of a step that is its own.
struct HeldStep {
    let topic: QueueTopic

    /// When the claim or heartbeat was sent that the store took last: the lease lasts from then on at least.
    var keptAt: Duration

    /// Whether it is to show whether a circuit is closed again.
    var isProbe = false

    /// Whether its run was cancelled.
    var isCancelled = false

    /// Whether the worker stopped it because it has no more time.
    var isStopped = false

    /// Whether its result is known.
    var isFinished = false
}
