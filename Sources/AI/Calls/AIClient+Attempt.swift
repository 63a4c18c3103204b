import Base
import Core
import HTTPClient
import Reliability
import System

extension AIClient where Stores: ~Copyable {
    /// Makes one attempt, if the provider's breaker and the team's budget permit it.
    mutating func attempt(
        _ provider: Provider,
        _ request: CompletionRequest,
        through breaker: CircuitBreaker,
        in call: inout Call
    ) throws(AIError) -> Completion {
        let model = request.model ?? provider.defaultModel ?? ""
        let operation = request.embedding == nil ? "chat" : "embeddings"
        var message = try provider.request(request, with: provider.keys.first, isStreamed: call.isStreamed)
        let span = call.trace.begin(operation, .client)
        // The operator chose the provider, so it may have the whole context.
        message.headers += span.trace.context?.trustedHeaders ?? []
        let (callPolicy, log, start) = (callPolicy, log, SystemClock.uptime)
        var wasSent = false
        let result: Result<Completion, AIError>
        do {
            let completion = try breaker.call(
                through: &stores,
                classify: { callPolicy.outcome(of: $0) },
                { [message] stores in
                    try callPolicy.begin(request, of: model, from: provider, in: call, at: &stores, log)
                    wasSent = true
                    return try Self.send(message, asking: request, of: provider, with: &client, callPolicy, in: call)
                }
            )
            result = .success(completion)
        } catch let error as CircuitBreakerError {
            result = .failure(AIError(error, provider: provider.name))
        } catch let error as AIError {
            result = .failure(error)
        } catch {
            // Reached only with stores that have no fallback: the store failed.
            log.error("ai.store_failed", ["error": "\(error)"])
            result = .failure(AIError(.clientFailed, provider: provider.name))
        }
        let took = SystemClock.uptime - start
        let tokens = wasSent ? result.tokens(asking: request) : nil
        record(result, of: provider, asking: model, wasSent: wasSent, tokens: tokens, took: took, in: &call)
        if let attempt = call.attempts.last { span.end(attempt.attributes(operation), error: attempt.code?.rawValue) }
        var completion = try result.get()
        completion.usage = tokens
        return completion
    }
}

extension CallAttempt {
    /// The attributes of the attempt's span.
    fileprivate func attributes(_ operation: String) -> KeyValuePairs<String, Span.Value?> {
        [
            "gen_ai.operation.name": .text(operation), "gen_ai.provider.name": .text(provider),
            "gen_ai.request.model": .text(model), "http.response.status_code": status.map { .number($0) },
            "gen_ai.usage.input_tokens": tokens.map { .number($0.input) },
            "gen_ai.usage.output_tokens": tokens.map { .number($0.output) },
            "gen_ai.response.id": requestID.map { .text($0) },
        ]
    }
}

extension CallPolicy {
    /// The outcome to record in the breaker for an error.
    func outcome(of error: any Error) -> CircuitOutcome {
        guard let error = error as? AIError else { return .neutral }
        switch error.breaker {
        case .success: return .success
        case .neutral: return .neutral
        case .failure: return .failure(error: error.code.rawValue)
        case .limited(.quotaExhausted): return .limited(for: quotaCooldown, reason: .quotaExhausted)
        case .limited(.rateLimited): return .limited(for: cooldown(after: error), reason: .rateLimited)
        }
    }

    /// The cool-down after a rate limit: the provider's Retry-After or window, within the policy's bounds.
    func cooldown(after error: AIError) -> Duration {
        let wait = error.retryAfter?.delay ?? error.rateLimits?.longestWait ?? shortestCooldown
        return min(max(wait, shortestCooldown), longestCooldown)
    }
}

extension AIError {
    /// Makes the error for a call that the breaker rejected.
    init(_ rejection: CircuitBreakerError, provider: String) {
        let cause: AIFailure =
            switch rejection.reason {
            case .open, .probing, .forcedOpen: .circuitOpen
            case .rateLimited: .rateLimited
            case .quotaExhausted: .quotaExhausted
            }
        self.init(
            cause,
            provider: provider,
            message: "\(rejection.reason.rawValue), last error \(rejection.lastError ?? "unknown")"
        )
        wait = rejection.retryAfter
    }
}

extension AIClient where Stores: ~Copyable {
    /// Sends one request and decodes its answer, streamed or whole.
    static func send(
        _ message: HTTPRequest,
        asking request: CompletionRequest,
        of provider: Provider,
        with client: inout HTTPClient,
        _ callPolicy: CallPolicy,
        in call: Call
    ) throws(AIError) -> Completion {
        var message = message
        let end = call.attemptDeadline(callPolicy.breaker.callTimeout)
        message.idleLimit = callPolicy.idleLimit
        message.firstByteLimit = end.firstByteLimit
        message.decoding = .gzipAndDeflate
        var reader = AnswerReader(provider, in: call)
        do throws(AIError) {
            let completion = try provider.accept(reader.read(message, with: &client, until: end))
            if let schema = request.schema { try provider.check(completion, against: schema, by: end.end) }
            return completion
        } catch {
            var error = reader.completed(error)
            // The rate limit applies to all processes, so this process also waits.
            if case .limited(.rateLimited) = error.breaker { error.wait = callPolicy.cooldown(after: error) }
            throw error
        }
    }
}

extension Provider {
    /// Takes an answer only if it has the form that was asked for.
    fileprivate func check(
        _ completion: Completion,
        against schema: OutputSchema,
        by deadline: Deadline
    ) throws(AIError) {
        // An answer that was cut off cannot have it, and asking again would not help.
        guard !completion.isTruncated else { return }
        let violations = schema.validate(completion.text, by: deadline)
        guard !violations.isEmpty else { return }
        throw AIError(
            .schemaMismatch,
            provider: name,
            status: 200,
            requestID: completion.requestID,
            rateLimits: completion.rateLimits,
            completion: completion,
            message: violations.prefix(5).map(\.description).joined(separator: "; ")
        )
    }
}
