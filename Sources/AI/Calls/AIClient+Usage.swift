import Base
import Core
import Reliability

extension CallPolicy {
    /// Writes an attempt down before it is sent, and reserves its estimated cost, within a tenth of the remaining time.
    ///
    /// A failure of the store does not fail the call.
    ///
    /// - Throws: ``AIError`` if the team's budget or one of its limits refuses the attempt.
    func begin<Stores: UsageStore & ~Copyable>(
        _ request: CompletionRequest,
        of model: String,
        from provider: Provider,
        in call: Call,
        at stores: inout Stores,
        _ log: Log
    ) throws(AIError) {
        let estimate = prices.estimate(of: request, model: model, from: provider, at: .now())
        let start = AttemptStart(
            call: call.id,
            attempt: call.attempts.count + 1,
            team: call.team,
            provider: provider.name,
            model: model,
            tokens: request.mostTokens,
            cost: estimate ?? (provider.reportsCost ? prices.dearestEstimate(of: request) : nil)
        )
        do {
            try stores.begin(
                start,
                within: budget,
                // After this time the process has died, or has given up the attempt long ago.
                lifetime: lasting(call, at: provider).lease,
                by: .after(call.deadline.remaining / 10)
            )
        } catch let refusal as AttemptRefusal {
            throw AIError(refusal, provider: provider.name)
        } catch {
            log.warning("ai.budget_not_asked", ["teamId": call.team, "error": "\(error)"])
        }
    }
}

/// Records usage.
///
/// A failure of the store does not fail the call.
extension AIClient where Stores: ~Copyable {
    /// Releases the reservation of a call without an answer.
    mutating func release(_ call: Call) {
        guard call.team != nil else { return }
        do {
            try stores.release(call.id, by: call.deadline)
        } catch {
            log.warning("ai.budget_not_released", ["teamId": call.team, "error": "\(error)"])
        }
    }

    /// Records the result of an attempt.
    mutating func record(
        _ result: Result<Completion, AIError>,
        of provider: Provider,
        asking model: String,
        wasSent: Bool,
        tokens: TokenUsage?,
        took: Duration,
        in call: inout Call
    ) {
        let attempt = CallAttempt(
            result,
            of: provider,
            asking: model,
            tokens: tokens,
            took: took,
            prices: callPolicy.prices
        )
        call.add(attempt, wasSent: wasSent, error: result.error)
        if case .failure(let error) = result {
            log.warning("ai.attempt_failed", attempt.fields(of: call, error))
        }
        guard wasSent else { return }
        let record = UsageRecord(result, of: attempt, number: call.attempts.count, in: call)
        do {
            try stores.record(record, by: call.deadline)
        } catch {
            log.error("ai.usage_lost", record.fields(losing: error))
        }
    }
}

extension CallAttempt {
    init(
        _ result: Result<Completion, AIError>,
        of provider: Provider,
        asking model: String,
        tokens: TokenUsage?,
        took: Duration,
        prices: PriceList
    ) {
        let completion = result.completion
        let price = tokens.flatMap { usage in
            // The requested model may be the answering model with or without a date.
            prices.cost(of: usage, model: completion?.model ?? model, from: provider, at: .now())
                ?? prices.cost(of: usage, model: model, from: provider, at: .now())
        }
        self.init(
            provider: provider.name,
            model: model,
            code: result.error?.code,
            status: result.error.map(\.status) ?? 200,
            requestID: completion?.requestID ?? result.error?.requestID,
            tokens: tokens,
            costByPrice: price,
            providerCost: completion?.providerCost,
            duration: took
        )
    }

    fileprivate func fields(of call: Call, _ error: AIError) -> KeyValuePairs<String, any JSONEncodable> {
        [
            "callId": call.id, "teamId": call.team, "provider": provider, "model": model,
            "code": error.code.rawValue, "status": status, "providerRequestId": requestID,
            "milliseconds": duration.wholeMilliseconds, "error": error.debugDescription,
        ]
    }
}

extension UsageRecord {
    fileprivate init(_ result: Result<Completion, AIError>, of attempt: CallAttempt, number: Int, in call: Call) {
        let completion = result.completion
        let limits = completion?.rateLimits ?? result.error?.rateLimits
        self.init(
            call: call.id,
            attempt: number,
            team: call.team,
            provider: attempt.provider,
            model: completion.flatMap { $0.model.isEmpty ? nil : $0.model } ?? attempt.model,
            requestedModel: attempt.model,
            outcome: attempt.code?.rawValue ?? "ok",
            status: attempt.status,
            requestID: attempt.requestID,
            tokens: attempt.tokens ?? TokenUsage(),
            costNanoUSD: attempt.costByPrice?.rawValue,
            providerCostNanoUSD: attempt.providerCost?.rawValue,
            duration: attempt.duration,
            rateLimit: limits.map { JSONText($0) }
        )
    }

    /// All fields of the lost record.
    ///
    /// The log is the only place that keeps them.
    fileprivate func fields(losing error: any Error) -> KeyValuePairs<String, any JSONEncodable> {
        [
            "callId": call, "attempt": attempt, "teamId": team, "provider": provider, "model": model,
            "outcome": outcome, "tokens": tokens, "costNanoUsd": costNanoUSD,
            "providerCostNanoUsd": providerCostNanoUSD, "error": "\(error)",
        ]
    }
}

extension Result where Success == Completion, Failure == AIError {
    /// The completion that arrived, whether it was usable or not.
    fileprivate var completion: Completion? {
        switch self {
        case .success(let completion): completion
        case .failure(let error): error.completion
        }
    }

    fileprivate var error: AIError? {
        if case .failure(let error) = self { error } else { nil }
    }
}

extension Result where Success == Completion, Failure == AIError {
    /// The tokens to count: those that the provider reported, or an estimate where it may charge; nil if it does not.
    func tokens(asking request: CompletionRequest) -> TokenUsage? {
        guard error?.mayBeCharged ?? true else { return completion?.usage }
        return TokenUsage(
            reported: completion?.usage,
            asking: request,
            textBytes: completion?.textBytes ?? 0
        )
    }
}

extension AIError {
    /// Makes the error for an attempt that is not sent.
    fileprivate init(_ refusal: AttemptRefusal, provider: String) {
        switch refusal {
        case .budgetExceeded(let exceeded):
            self.init(.budgetExceeded, provider: provider, message: exceeded.period.rawValue)
            wait = .seconds(exceeded.resetsIn)
        case .unpriced: self.init(.modelUnpriced, provider: provider)
        case .limited(let seconds):
            self.init(.limitReached, provider: provider)
            wait = .seconds(seconds)
        }
    }
}
