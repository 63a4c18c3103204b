import Base

/// The calls of a sliding window, counted in ten slices of time.
struct SlidingCalls: Hashable, Sendable {
    private struct Slice: Hashable, Sendable {
        let start: Duration
        var calls = 0
        var failures = 0
        var slow = 0
    }

    private var slices: [Slice] = []

    /// Whether nothing was counted.
    var isEmpty: Bool { slices.isEmpty }

    /// Counts a call.
    mutating func add(isFailure: Bool, isSlow: Bool, to window: CircuitWindow, at now: Duration) {
        slices.removeAll { $0.start <= now - window.length }
        let length = max(window.length.wholeMicroseconds / 10, 1)
        // A slice begins a whole number of slices after the one before it.
        let start =
            slices.last.map { last in
                let age = max((now - last.start).wholeMicroseconds, 0)
                return last.start + .microseconds(age / length * length)
            } ?? now
        if slices.last?.start != start { slices.append(Slice(start: start)) }
        slices[slices.count - 1].calls += 1
        if isFailure { slices[slices.count - 1].failures += 1 }
        if isSlow { slices[slices.count - 1].slow += 1 }
    }

    /// The rates that are too high for a window.
    func limits(exceeding window: CircuitWindow, at now: Duration) -> [CircuitLimit] {
        let sum = total(in: window, at: now)
        guard sum.calls >= window.minimumCalls else { return [] }
        var limits: [CircuitLimit] = []
        if let rate = window.failureRate, Double(sum.failures) >= rate * Double(sum.calls) {
            limits.append(.failureRate)
        }
        if let rate = window.slowCallRate, Double(sum.slow) >= rate * Double(sum.calls) {
            limits.append(.slowCallRate)
        }
        return limits
    }

    /// How many calls of a window there were, and of what kind.
    func total(in window: CircuitWindow, at now: Duration) -> (calls: Int, failures: Int, slow: Int) {
        slices.filter { $0.start > now - window.length }.reduce(into: (0, 0, 0)) { sum, slice in
            sum.0 += slice.calls
            sum.1 += slice.failures
            sum.2 += slice.slow
        }
    }
}
