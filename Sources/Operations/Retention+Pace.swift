extension Retention {
    /// Whether there is time for another step: for one that takes twice as long as the longest before, with a tenth of
    /// the whole left over.
    struct Pace {
        private let reserve: Duration
        private var longest = Duration.zero
        private var left: Duration

        /// Begins with the time that there is.
        init(left: Duration) {
            self.left = left
            reserve = left / 10
        }

        var allowsStep: Bool { left > reserve && left > longest * 2 }

        /// Takes note of the time that a step has left.
        mutating func endStep(left now: Duration) {
            longest = max(longest, left - now)
            left = now
        }
    }
}
