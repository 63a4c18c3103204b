/// How much a team may spend on AI calls; nil for as much as it wants.
public struct Budget: Hashable, Sendable {
    /// In one day, in UTC.
    public var daily: USDollars?

    /// In one month, in UTC.
    public var monthly: USDollars?

    /// Makes a budget; by default one without limits.
    public init(daily: USDollars? = nil, monthly: USDollars? = nil) {
        self.daily = daily
        self.monthly = monthly
    }
}
