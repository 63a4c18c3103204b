/// How long a server asks to be left alone, at least.
///
/// It is a floor: what waits may wait longer, never shorter. ``Retry`` gives up at once where it is more than the
/// policy or the deadline has room for.
public struct RetryAfter: Hashable, Comparable, Sendable {
    /// The least wait, always more than nothing.
    public let delay: Duration

    /// Takes a wait; nil for none and for a negative one.
    public init?(_ delay: Duration) {
        guard delay > .zero else { return nil }
        self.delay = min(delay, Self.longest)
    }

    public static func < (left: RetryAfter, right: RetryAfter) -> Bool {
        left.delay < right.delay
    }

    /// What a number too large to count with stands for: 100 years, which is longer than any policy allows.
    static var longest: Duration { .seconds(100 * 31_557_600) }
}
