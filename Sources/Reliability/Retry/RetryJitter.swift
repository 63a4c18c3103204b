/// How much of a back-off is left to chance, so that those that failed together do not come again together.
public enum RetryJitter: Hashable, Sendable {
    /// Nothing: the whole delay.
    case none
    /// Half of it: between half the delay and the delay.
    case equal
    /// All of it: between nothing and the delay.
    case full
}
