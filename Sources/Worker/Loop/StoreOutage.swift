internal import Base

/// The time during which a store does not answer.
struct StoreOutage {
    /// When it began; nil while the store works.
    private(set) var start: Duration?

    /// When the store is asked again.
    private(set) var retryAt: Duration?

    /// What went wrong last.
    private(set) var error: (any Error)?

    private var pauses: Pauses
    private let log: Log

    init(pauses: ClosedRange<Duration>, log: Log) {
        self.pauses = Pauses(pauses)
        self.log = log
    }

    /// Whether the store is worth asking.
    func allowsCall(at now: Duration) -> Bool {
        retryAt.map { $0 <= now } ?? true
    }

    /// Takes note of a failure.
    mutating func note(_ error: any Error, at now: Duration) {
        // Said once, not with every try while it lasts.
        if start == nil { log.warning("worker.store_unavailable", ["error": String(reflecting: error)]) }
        start = start ?? now
        retryAt = now + pauses.take()
        self.error = error
    }

    /// Takes note of an answer.
    mutating func end() {
        guard start != nil else { return }
        log.info("worker.store_back")
        (start, retryAt, error) = (nil, nil, nil)
        pauses.reset()
    }
}
