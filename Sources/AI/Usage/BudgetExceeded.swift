public import Core

/// A team has spent what it may, and so no call is made.
public struct BudgetExceeded: Error, Hashable, Sendable {
    /// How long a budget is for.
    public enum Period: String, Sendable {
        case daily, monthly
    }

    /// Which budget is used up; the longer one where both are.
    public let period: Period

    /// How much may be spent in the period.
    public let budget: USDollars

    /// The seconds until the next period begins.
    public let resetsIn: Int

    /// Makes an error.
    public init(_ period: Period, budget: USDollars, resetsIn: Int) {
        self.period = period
        self.budget = budget
        self.resetsIn = resetsIn
    }
}
