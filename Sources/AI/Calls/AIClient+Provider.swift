import Base
import Core
import Reliability

extension AIClient where Stores: ~Copyable {
    /// Asks one provider, as often as its errors and the policy allow.
    mutating func ask(
        _ provider: Provider,
        _ request: CompletionRequest,
        in call: inout Call
    ) throws(AIError) -> Completion {
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
                decide: { RetryDecision($0) },
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
                        // Asked again as before, it would most likely do the same again.
                        if let correction = request.correction(of: error) { question.messages = correction }
                        throw error
                    }
                }
            )
        } catch let error as AIError {
            throw error
        } catch {
            // Nobody wants the answer any more.
            throw AIError(.cancelled, provider: provider.name)
        }
    }
}

extension CompletionRequest {
    /// The conversation with an answer that had not the right form, and what was wrong with it.
    fileprivate func correction(of error: AIError) -> [Message]? {
        guard error.code == .schemaMismatch, let schema, let text = error.completion?.text, !text.isEmpty else {
            return nil
        }
        let complaint = SchemaViolation.request(for: schema.validate(text))
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
