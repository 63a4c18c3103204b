public import Base
import Core
public import HTTPClient
public import Reliability

/// Calls to AI providers that cannot take the system down with them.
///
/// One attempt goes through the provider's circuit breaker, whose state all processes share. Retries are around it, and
/// the next provider is around those:
///
/// ```swift
/// var ai = AIClient(providers, callPolicy, stores: stores, log: log)
/// let answer = try ai.callAnthropic(CompletionRequest("Say hello."), deadline: .after(.seconds(90)))
/// ```
///
/// It belongs to one thread, as its connections do.
public struct AIClient<Stores: CircuitBreakerStore & UsageStore & ~Copyable>: ~Copyable {
    private let providers: Providers
    let callPolicy: CallPolicy
    let log: Log
    var stores: Stores
    var client: HTTPClient

    /// Makes calls possible; nothing is connected to before the first.
    ///
    /// - Parameters:
    ///   - providers: Who can be asked.
    ///   - callPolicy: How.
    ///   - stores: Where breakers and usage are kept.
    ///   - client: What requests are sent with.
    ///   - log: Takes what an operator should know of failed attempts.
    public init(
        _ providers: Providers,
        _ callPolicy: CallPolicy,
        stores: consuming Stores,
        client: consuming HTTPClient = HTTPClient(userAgent: "nofx"),
        log: Log
    ) {
        self.providers = providers
        self.callPolicy = callPolicy
        self.stores = stores
        self.client = client
        self.log = log
    }

    /// Asks Anthropic and nobody else; see ``call(_:of:for:deadline:cancellation:onText:)``.
    public mutating func callAnthropic(
        _ request: CompletionRequest,
        for team: UUID? = nil,
        deadline: Deadline,
        cancellation: Cancellation? = nil,
        onText: ((String) -> Void)? = nil
    ) throws(AIError) -> CallAnswer {
        try call(
            request,
            of: [Providers.anthropicName],
            for: team,
            deadline: deadline,
            cancellation: cancellation,
            onText: onText
        )
    }

    /// Asks OpenAI, or the server in its place, and nobody else; see
    /// ``call(_:of:for:deadline:cancellation:onText:)``.
    public mutating func callOpenAI(
        _ request: CompletionRequest,
        for team: UUID? = nil,
        deadline: Deadline,
        cancellation: Cancellation? = nil,
        onText: ((String) -> Void)? = nil
    ) throws(AIError) -> CallAnswer {
        try call(
            request,
            of: [Providers.openAIName],
            for: team,
            deadline: deadline,
            cancellation: cancellation,
            onText: onText
        )
    }

    /// Asks one provider after the other until one answers.
    ///
    /// - Parameters:
    ///   - request: What is asked. A model that it names is the first provider's; the others use their own.
    ///   - names: Whom to ask, the first one first; nil for all that are configured.
    ///   - team: Who pays, and whose budget is asked.
    ///   - requestLimit: How many requests may be sent, to all providers together. Each provider may be asked again only
    ///     while at least one request is left for each provider after it. An attempt that a circuit breaker rejects sends
    ///     no request.
    ///   - deadline: When the answer is due, whatever is tried until then.
    ///   - cancellation: Ends the call within a tenth of a second.
    ///   - onText: Takes the text as it comes. What it was given cannot be taken back: an answer that ends early after
    ///     that is an error, and nobody else is asked.
    /// - Returns: The answer, with what was tried for it.
    /// - Throws: ``AIError`` of the last attempt, with all of them and the error of the last request.
    public mutating func call(
        _ request: CompletionRequest,
        of names: [String]? = nil,
        for team: UUID? = nil,
        requestLimit: Int = .max,
        deadline: Deadline,
        cancellation: Cancellation? = nil,
        onText: ((String) -> Void)? = nil
    ) throws(AIError) -> CallAnswer {
        var call = Call(
            request,
            team: team,
            requestLimit: requestLimit,
            deadline: deadline,
            cancellation: cancellation,
            onText: onText
        )
        var failure = AIError(.notConfigured, provider: "")
        let chosen = try chosen(names)
        for (index, provider) in chosen.enumerated() where call.requests < requestLimit {
            let question = index == 0 ? request : request.withoutModel
            do throws(AIError) {
                let completion = try ask(provider, question, leaving: chosen.count - 1 - index, in: &call)
                return CallAnswer(
                    completion: completion,
                    provider: provider.name,
                    attempts: call.attempts,
                    cost: call.cost
                )
            } catch {
                failure = error
                guard error.tryNextProvider, !deadline.hasPassed else { break }
                log.warning("ai.provider_given_up", ["provider": provider.name, "code": error.code.rawValue])
            }
        }
        release(call)
        throw failure.ofCall(call)
    }

    private func chosen(_ names: [String]?) throws(AIError) -> [Provider] {
        guard let names else { return providers.all }
        var chosen: [Provider] = []
        for name in names {
            guard let provider = providers[name] else {
                throw AIError(.notConfigured, provider: name)
            }
            chosen.append(provider)
        }
        return chosen
    }
}

extension CompletionRequest {
    fileprivate var withoutModel: CompletionRequest {
        var copy = self
        copy.model = nil
        return copy
    }
}

extension AIError {
    /// The error with what the call knows of it.
    fileprivate func ofCall(_ call: Call) -> AIError {
        var failure = self
        failure.attempts = call.attempts
        failure.requests = call.requests
        guard wasRejected, var cause = call.lastFailure else { return failure }
        cause.wait = retryAfter?.delay
        cause.attempts = call.attempts
        cause.requests = call.requests
        failure.hidden = [cause]
        return failure
    }

    /// Whether a circuit breaker rejected the last attempt, so that no request was sent.
    private var wasRejected: Bool {
        status == nil && [.circuitOpen, .rateLimited, .quotaExhausted].contains(code)
    }
}

extension Call {
    /// What all attempts cost; nil when one of them cannot be priced.
    fileprivate var cost: USDollars? {
        attempts.reduce(USDollars.zero) { sum, attempt in
            guard let sum else { return nil }
            // A failed attempt without reported tokens counts as free.
            let isFree = attempt.code != nil && attempt.tokens == nil
            return (attempt.cost ?? (isFree ? .zero : nil)).map { sum + $0 }
        }
    }
}

extension AIClient where Stores: ~Copyable {
    /// Asks one provider, as often as its errors, the policy and the call's limit of requests allow.
    mutating func ask(
        _ provider: Provider,
        _ request: CompletionRequest,
        leaving reserve: Int,
        in call: inout Call
    ) throws(AIError) -> Completion {
        var mayAskAgain = true
        let log = log
        var question = request
        let breaker = CircuitBreaker(
            provider.name,
            policy: callPolicy.breaker,
            onEvent: { $0.report(of: provider.name, to: log) }
        )
        do {
            return try callPolicy.retry.run(
                deadline: call.deadline,
                cancellation: call.cancellation,
                decide: { mayAskAgain ? RetryDecision($0) : .stop },
                onRetry: { retry in
                    log.info(
                        "ai.retry",
                        [
                            "provider": provider.name, "retry": retry.number,
                            "code": (retry.error as? AIError)?.code.rawValue, "waitMs": retry.delay.wholeMilliseconds,
                        ]
                    )
                },
                { _ in
                    do throws(AIError) {
                        return try attempt(provider, question, through: breaker, in: &call)
                    } catch {
                        mayAskAgain = call.requests < call.requestLimit - reserve
                        // Asked again as before, it would most likely do the same again.
                        if let correction = request.correction(of: error, by: call.deadline) {
                            question.messages = correction
                        }
                        throw error
                    }
                }
            )
        } catch let error as AIError {
            throw error
        } catch {
            // The call was cancelled.
            throw AIError(.cancelled, provider: provider.name)
        }
    }
}

extension CompletionRequest {
    /// The conversation with an answer that had not the right form, and what was wrong with it.
    fileprivate func correction(of error: AIError, by deadline: Deadline) -> [Message]? {
        guard error.code == .schemaMismatch, let schema, let text = error.completion?.text, !text.isEmpty else {
            return nil
        }
        let complaint = SchemaViolation.request(for: schema.validate(text, by: deadline))
        return messages + [Message(.assistant, text), Message(.user, complaint)]
    }
}

extension RetryDecision {
    /// What to do after an attempt, by the provider's word where it gives one.
    init(_ error: any Error) {
        guard let error = error as? AIError else {
            self = .stop
            return
        }
        self =
            switch error.retry {
            case .never: .stop
            case .once: .retryAtMost(1, after: error.retryAfter)
            case .yes: .retry(after: error.retryAfter)
            }
    }
}

extension CircuitEvent {
    /// Tells an operator what happens to a breaker.
    func report(of name: String, to log: Log) {
        switch self {
        case .changed(.opened(let wait)):
            log.warning("breaker.opened", ["breaker": name, "forMs": wait.wholeMilliseconds])
        case .changed(.halfOpened): log.info("breaker.half_opened", ["breaker": name])
        case .changed(.closed): log.info("breaker.closed", ["breaker": name])
        case .changed(.exceeded(let limits)):
            log.warning("breaker.exceeded", ["breaker": name, "limits": limits.map(\.rawValue)])
        case .rejected(let rejection):
            log.info("breaker.rejected", ["breaker": name, "reason": rejection.reason.rawValue])
        case .failed(let error): log.debug("breaker.failure", ["breaker": name, "error": error])
        case .recordLost(let error): log.warning("breaker.record_lost", ["breaker": name, "error": "\(error)"])
        }
    }
}
