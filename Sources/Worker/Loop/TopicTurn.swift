import Queue

internal import Core

/// What a worker knows of one of its topics.
struct TopicTurn {
    let topic: QueueTopic

    /// When it is asked again, after there was nothing; `.zero` for at once.
    var nextClaim = Duration.zero

    /// How long until then.
    var pauses: Pauses

    /// After how many rounds of results there was nothing; nil when there was something.
    var emptyRound: Int?

    /// Until when a circuit is known to be open.
    var pausedUntil: Duration?

    /// Whether one step is to show first whether the circuit is closed again.
    var isProbing = false

    /// How many to ask for at most, because the last time there was no time for some.
    var fitting: Int?

    /// Whether there was no time for any.
    var isTooLong = false

    /// Whether it takes no part: its circuit is open, or its steps take too long.
    func isOut(at now: Duration) -> Bool {
        isTooLong || pausedUntil.map { $0 > now } ?? false
    }
}
