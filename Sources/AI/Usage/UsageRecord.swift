public import Base
public import Core

/// The record of one attempt at an AI call.
public struct UsageRecord: Sendable {
    /// The call that the attempt belongs to.
    ///
    /// A call may need several attempts.
    public var call: UUID

    /// The number of the attempt within its call, from 1.
    ///
    /// Recording the same attempt again counts it once.
    public var attempt: Int

    /// The team whose budget pays; nil if no budget applies.
    public var team: UUID?

    /// The provider's name, which is also the name of its circuit breaker.
    public var provider: String

    /// The model that answered, or the requested model if none answered.
    public var model: String

    /// The model that the request named.
    public var requestedModel: String

    /// `ok`, or an error code.
    public var outcome: String

    /// The HTTP status; nil if there was no response.
    public var status: Int?

    /// The provider's ID of the request.
    public var requestID: String?

    /// The tokens that the provider reported, or an estimate.
    public var tokens: TokenUsage

    /// The cost by our price list, in billionths of a dollar; nil if the model has no price.
    public var costNanoUSD: Int64?

    /// The cost that the provider reported, in billionths of a dollar.
    public var providerCostNanoUSD: Int64?

    /// The duration of the attempt.
    public var duration: Duration

    /// The provider's rate limits, as last reported.
    public var rateLimit: JSONText?

    /// Makes a record.
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

    /// Whether the attempt returned a completion.
    var isSuccess: Bool { outcome.utf8.elementsEqual("ok".utf8) }

    /// The amount that counts against a budget: the cost by our price list, or else the provider's.
    var spentNanoUSD: Int64 { max(0, costNanoUSD ?? providerCostNanoUSD ?? 0) }
}

/// An attempt that is about to be sent, with the most that it may use.
public struct AttemptStart: Sendable {
    /// The call that the attempt belongs to.
    public var call: UUID

    /// The number of the attempt within its call, from 1.
    public var attempt: Int

    /// The team whose budget pays; nil if no budget applies.
    public var team: UUID?

    /// The provider's name.
    public var provider: String

    /// The model that the request names.
    public var model: String

    /// The most tokens that the attempt may use.
    public var tokens: TokenUsage

    /// The most that the attempt may cost; nil if the model has no price.
    public var cost: USDollars?

    /// Makes a start.
    public init(
        call: UUID,
        attempt: Int = 1,
        team: UUID?,
        provider: String,
        model: String,
        tokens: TokenUsage = TokenUsage(),
        cost: USDollars?
    ) {
        self.call = call
        self.attempt = attempt
        self.team = team
        self.provider = provider
        self.model = model
        self.tokens = tokens
        self.cost = cost
    }
}

/// The reason why an attempt is not sent.
public enum AttemptRefusal: Error, Hashable, Sendable {
    /// The team has used up its budget.
    case budgetExceeded(BudgetExceeded)

    /// The team has a budget, which does not allow calls whose cost is not known.
    case unpriced

    /// The team has reached a limit of requests or tokens, for so many seconds.
    case limited(seconds: Int)
}

/// The team has used up its budget.
public struct BudgetExceeded: Hashable, Sendable {
    /// The period of a budget.
    public enum Period: String, Sendable {
        case daily, monthly
    }

    /// The exhausted budget; the monthly one if both are exhausted.
    public let period: Period

    /// The amount that the team may spend in the period.
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
