public import Base
public import Core

/// What one attempt at an AI call came to.
public struct UsageRecord: Sendable {
    /// The call, which may take several attempts.
    public var call: UUID

    /// Which of the call's attempts it was, from 1; one that is recorded again counts once.
    public var attempt: Int

    /// The team whose budget it counts against; nil for none.
    public var team: UUID?

    /// The provider, by the name of its circuit breaker.
    public var provider: String

    /// The model that answered, or else the one that was asked.
    public var model: String

    /// The model that was asked.
    public var requestedModel: String

    /// `ok`, or the code of an error.
    public var outcome: String

    /// The HTTP status, where there was one.
    public var status: Int?

    /// What the provider calls the request.
    public var requestID: String?

    /// The tokens that the provider reported.
    public var tokens: TokenUsage

    /// What our prices make of it, in billionths of a dollar; nil where there is none.
    public var costNanoUSD: Int64?

    /// What the provider says that it cost, in billionths of a dollar.
    public var providerCostNanoUSD: Int64?

    /// How long it took.
    public var duration: Duration

    /// The provider's rate limits, as it told them last.
    public var rateLimit: JSONText?

    /// Describes an attempt.
    public init(
        call: UUID,
        attempt: Int,
        team: UUID?,
        provider: String,
        model: String,
        requestedModel: String,
        outcome: String,
        status: Int? = nil,
        requestID: String? = nil,
        tokens: TokenUsage = TokenUsage(),
        costNanoUSD: Int64? = nil,
        providerCostNanoUSD: Int64? = nil,
        duration: Duration = .zero,
        rateLimit: JSONText? = nil
    ) {
        self.call = call
        self.attempt = attempt
        self.team = team
        self.provider = provider
        self.model = model
        self.requestedModel = requestedModel
        self.outcome = outcome
        self.status = status
        self.requestID = requestID
        self.tokens = tokens
        self.costNanoUSD = costNanoUSD
        self.providerCostNanoUSD = providerCostNanoUSD
        self.duration = duration
        self.rateLimit = rateLimit
    }

    /// Whether the attempt brought an answer.
    var isSuccess: Bool { outcome.utf8.elementsEqual("ok".utf8) }

    /// What counts against a budget: our price, or else the provider's.
    var spentNanoUSD: Int64 { max(0, costNanoUSD ?? providerCostNanoUSD ?? 0) }
}

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
