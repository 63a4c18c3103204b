import System

/// Keeps ended spans until they are exported, from any thread.
///
/// It has room for a bounded number of spans; more are dropped and counted.
public final class SpanRecorder: Sendable {
    /// How many spans wait at most.
    public static let limit = 2_048

    /// How many spans are exported at once.
    private static let batch = 512

    /// How long a span waits for others.
    private static let patience = Duration.seconds(1)

    private struct State {
        var spans: [Span] = []
        var dropped = 0
        var due = Deadline.distantFuture
        var isExporting = false
    }

    private let state = Monitor(State())
    let sampler: Sampler

    /// Makes a recorder without spans.
    public init(_ sampler: Sampler = .usual) {
        self.sampler = sampler
    }

    func add(_ span: Span) {
        let count = state.withLock { state in
            guard state.spans.count < Self.limit else {
                state.dropped += 1
                return 0
            }
            state.spans.append(span)
            if state.spans.count == 1 { state.due = .after(Self.patience) }
            return state.spans.count
        }
        // Others do not change what the exporting thread waits for.
        if count == 1 || count == Self.batch { state.change { _ in } }
    }

    /// Waits for spans to export: for a batch of them, until the oldest has waited long enough, or for ``flush(by:)``.
    ///
    /// - Returns: At least one span, and how many were dropped since the last call. ``exported()`` follows.
    public func next() -> (spans: [Span], dropped: Int) {
        while true {
            let taken = state.wait(
                timeoutNanoseconds: { $0.spans.isEmpty ? .max : $0.due.remainingNanoseconds }
            ) { state -> ([Span], Int)? in
                guard !state.spans.isEmpty, state.spans.count >= Self.batch || state.due.hasPassed else { return nil }
                let count = min(state.spans.count, Self.batch)
                defer {
                    state.spans.removeFirst(count)
                    state.dropped = 0
                    state.isExporting = true
                }
                return (Array(state.spans.prefix(count)), state.dropped)
            }
            if let taken { return taken }
        }
    }

    /// Ends the export of what ``next()`` returned.
    public func exported() {
        state.change { $0.isExporting = false }
    }

    /// Has all spans exported now, and waits until that has been done.
    ///
    /// - Parameter deadline: When to wait no longer.
    public func flush(by deadline: Deadline) {
        state.change { $0.due = .after(.zero) }
        _ = state.wait(timeoutNanoseconds: { _ in deadline.remainingNanoseconds }) { state in
            state.spans.isEmpty && !state.isExporting ? true : nil
        }
    }
}
