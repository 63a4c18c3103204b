/// How long a step waits before it is tried again: twice as long each time, up to a limit, and half of it by chance.
public struct StepBackoff: Hashable, Sendable {
    /// The wait after the first attempt.
    public let base: Duration

    /// The longest wait.
    public let cap: Duration

    /// Describes waits.
    public init(base: Duration = .seconds(2), cap: Duration = .seconds(300)) {
        self.base = base
        self.cap = cap
    }

    /// The wait after so many attempts.
    ///
    /// - Parameters:
    ///   - attempts: How many failed, from 1.
    ///   - chance: From 0 to 1, which half of the wait it makes up.
    /// - Returns: From half of the wait to all of it.
    public func delay(afterAttempts attempts: Int, chance: Double = .random(in: 0...1)) -> Duration {
        // Beyond 2^30 times any base there is nothing but the cap.
        let doubled = base * (1 << max(0, min(attempts - 1, 30)))
        return min(cap, doubled) * (0.5 + 0.5 * chance)
    }
}
