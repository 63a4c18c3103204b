public import Base
public import Core
public import HTTPClient
public import Reliability

/// Calls AI providers, with a circuit breaker, retries and a fallback provider.
///
/// The circuit breaker wraps one attempt; all processes share its state. Retries wrap the breaker. The fallback to
/// the next provider wraps the retries:
///
/// ```swift
/// var ai = AIClient(providers, callPolicy, stores: stores, log: log)
/// let answer = try ai.callAnthropic(CompletionRequest("Say hello."), deadline: .after(.seconds(90)))
/// ```
///
/// A client belongs to one thread, because its connections do.
public struct AIClient<Stores: CircuitBreakerStore & UsageStore & ~Copyable>: ~Copyable {
    private let providers: Providers
    let callPolicy: CallPolicy
    let log: Log
    var stores: Stores
    var client: HTTPClient
    var turns = KeyTurns()

    /// The providers that refused `stream_options`.
    var withoutStreamOptions: Set<String> = []

    /// Makes a client; it connects with its first call.
    ///
    /// - Parameters:
    ///   - providers: The configured providers.
    ///   - callPolicy: Retries, breakers, cool-downs and prices.
    ///   - stores: The stores of breakers and usage.
    ///   - client: Sends the requests.
    ///   - log: Receives the events of failed attempts and of breakers.
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

    /// Calls Anthropic only; see ``call(_:of:for:deadline:cancellation:onText:)``.
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

    /// Calls OpenAI, or the server configured in its place, only; see
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

    /// Calls the providers in order until one answers.
    ///
    /// A model that the request names is the first provider's; the others use their own. See
    /// ``call(_:trying:for:requestLimit:deadline:cancellation:trace:onText:onProgress:)``.
    public mutating func call(
        _ request: CompletionRequest,
        of names: [String]? = nil,
        for team: UUID? = nil,
        requestLimit: Int = .max,
        deadline: Deadline,
        cancellation: Cancellation? = nil,
        trace: Trace = .none,
        onText: ((String) -> Void)? = nil,
        onProgress: ((AnswerProgress) -> Void)? = nil
    ) throws(AIError) -> CallAnswer {
        try call(
            request,
            trying: try candidates(for: .init(request, of: names)),
            for: team,
            requestLimit: requestLimit,
            deadline: deadline,
            cancellation: cancellation,
            trace: trace,
            onText: onText,
            onProgress: onProgress
        )
    }

    /// The models that a call asks for a choice; see ``Providers/candidates(for:allowing:)``.
    public func candidates(
        for choice: ModelChoice,
        allowing allowed: AllowedModels = .all
    ) throws(AIError) -> [Candidate] {
        try providers.candidates(for: choice, allowing: allowed)
    }

    /// Calls models in order until one answers.
    ///
    /// After an error, a candidate that names the error comes before those that follow after most errors.
    ///
    /// - Parameters:
    ///   - request: What is asked; the candidates replace its model.
    ///   - candidates: The models, the first one first.
    ///   - team: Who pays, and whose budget is asked.
    ///   - requestLimit: How many requests may be sent, to all providers together. Each provider may be asked again only
    ///     while at least one request is left for each provider after it. An attempt that a circuit breaker rejects sends
    ///     no request.
    ///   - deadline: When the answer is due, whatever is tried until then.
    ///   - cancellation: Ends the call within a tenth of a second.
    ///   - trace: The trace of the work that needs the answer.
    ///   - onText: Takes the text as it comes. What it was given cannot be taken back: an answer that ends early after
    ///     that is an error, and nobody else is asked.
    ///   - onProgress: Follows the answer as it comes, with a new beginning for each attempt. It does not prevent that
    ///     another provider is asked.
    /// - Returns: The answer, with what was tried for it.
    /// - Throws: ``AIError`` of the last attempt, with all of them and the error of the last request.
    public mutating func call(
        _ request: CompletionRequest,
        trying candidates: [Candidate],
        for team: UUID? = nil,
        requestLimit: Int = .max,
        deadline: Deadline,
        cancellation: Cancellation? = nil,
        trace: Trace = .none,
        onText: ((String) -> Void)? = nil,
        onProgress: ((AnswerProgress) -> Void)? = nil
    ) throws(AIError) -> CallAnswer {
        var call = Call(
            request,
            team: team,
            requestLimit: requestLimit,
            deadline: deadline,
            cancellation: cancellation,
            trace: trace,
            onText: onText,
            onProgress: onProgress
        )
        var failure = AIError(.notConfigured, provider: "")
        var rest = Array(candidates.dropFirst())
        var next = candidates.first
        while let candidate = next, call.requests < requestLimit {
            let provider = candidate.provider
            var question = request
            question.model = candidate.model
            do throws(AIError) {
                let completion = try ask(provider, question, leaving: rest.count(where: \.isUsual), in: &call)
                return CallAnswer(
                    completion: completion,
                    provider: provider.name,
                    attempts: call.attempts,
                    cost: call.cost
                )
            } catch {
                failure = error
                next = deadline.hasPassed ? nil : rest.removeNext(after: error)
                guard next != nil || error.tryNextProvider, !deadline.hasPassed else { break }
                log.warning(
                    "ai.provider_given_up",
                    [
                        "provider": provider.name, "model": candidate.modelName, "code": error.code.rawValue,
                        "next": next.map { "\($0.provider.name)/\($0.modelName)" },
                    ]
                )
            }
        }
        release(call)
        throw failure.ofCall(call)
    }
}

extension AIError {
    /// The error with what the call knows of it.
    fileprivate func ofCall(_ call: Call) -> AIError {
        var failure = self
        failure.attempts = call.attempts
        failure.requests = call.requests
        failure.closedProviders = call.closedProviders
        guard wasRejected, var cause = call.lastFailure else { return failure }
        cause.wait = retryAfter?.delay
        cause.attempts = call.attempts
        cause.requests = call.requests
        cause.closedProviders = call.closedProviders
        failure.hidden = [cause]
        return failure
    }

    /// Whether a circuit breaker, a limit or a budget's rule rejected the last attempt, so that no request was sent.
    private var wasRejected: Bool {
        rejectingBreaker != nil || status == nil && [.limitReached, .modelUnpriced].contains(code)
    }
}

extension Call {
    /// The cost of all attempts; nil if one of them has no price.
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
                        return try attempt(provider, question, leaving: reserve, in: &call)
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
            if error.closesProvider { call.closedProviders.append(provider.name) }
            throw error
        } catch {
            // Only a cancellation ends up here.
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
    /// Decides whether to retry after an error, preferring the provider's advice.
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
    /// Logs a state change of a breaker.
    func report(of name: String, to log: Log) {
        switch self {
        case .changed(.opened(let wait)):
            log.warning("breaker.opened", ["breaker": name, "forMs": wait.wholeMilliseconds])
        case .changed(.halfOpened): log.info("breaker.half_opened", ["breaker": name])
        case .changed(.refused): log.error("breaker.refused", ["breaker": name])
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
