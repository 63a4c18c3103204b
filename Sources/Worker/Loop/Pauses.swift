/// Pauses that become longer, each twice as long as the one before.
struct Pauses {
    private let range: ClosedRange<Duration>
    private var next: Duration

    init(_ range: ClosedRange<Duration>) {
        self.range = range
        next = range.lowerBound
    }

    /// The next pause.
    mutating func take() -> Duration {
        defer { next = min(next * 2, range.upperBound) }
        return next
    }

    /// Begins again with the shortest one.
    mutating func reset() {
        next = range.lowerBound
    }
}
