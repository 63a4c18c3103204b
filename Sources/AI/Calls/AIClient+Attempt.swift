import Base
import Compression
import Core
import HTTPClient
import Reliability
import System

extension AIClient where Stores: ~Copyable {
    /// Makes one attempt, with the provider's keys in turn until one of them is not at rest.
    ///
    /// - Parameters:
    ///   - provider: The provider to ask.
    ///   - request: What is asked.
    ///   - reserve: How many requests to leave for other providers.
    ///   - call: The call, to which the attempts are added.
    /// - Returns: The provider's answer.
    /// - Throws: ``AIError``; if all keys are at rest, that of the key with the shortest wait.
    mutating func attempt(
        _ provider: Provider,
        _ request: CompletionRequest,
        leaving reserve: Int,
        in call: inout Call
    ) throws(AIError) -> Completion {
        let keys = turns.keys(of: provider)
        var shortest: AIError?
        var closed = 0
        for (index, key) in keys.enumerated() {
            do throws(AIError) {
                return try attempt(provider, request, with: key, isLast: index == keys.count - 1, in: &call)
            } catch {
                guard error.isOfKey else { throw error }
                if shortest.map({ error.isSooner(than: $0) }) ?? true { shortest = error }
                if error.closesProvider { closed += 1 }
                guard error.rejectingBreaker != nil || call.requests < call.requestLimit - reserve else { break }
            }
        }
        shortest?.leavesKeys = closed < keys.count
        throw shortest ?? AIError(.notConfigured, provider: provider.name)
    }

    /// Makes one attempt with a key, if all breakers and the team's budget permit it.
    private mutating func attempt(
        _ provider: Provider,
        _ request: CompletionRequest,
        with key: ProviderKey?,
        isLast: Bool,
        in call: inout Call
    ) throws(AIError) -> Completion {
        let model = request.model ?? provider.defaultModel ?? ""
        let operation = request.embedding == nil ? "chat" : "embeddings"
        var request = request
        request.asksForStreamUsage = !withoutStreamOptions.contains(provider.name)
        var message = try provider.request(request, with: key, isStreamed: call.isStreamed)
        let span = call.trace.begin(operation, .client)
        // The operator chose the provider, so it may have the whole context.
        message.headers += span.trace.context?.trustedHeaders ?? []
        let (callPolicy, log, start) = (callPolicy, log, SystemClock.uptime)
        let breakers = GuardingBreakers(provider, key, model: model)
        let chain = CircuitChain(
            breakers.names,
            policy: callPolicy.lasting(call, at: provider),
            onEvent: { $1.report(of: $0, to: log) }
        )
        var wasSent = false
        let result: Result<Completion, AIError>
        do {
            let completion = try chain.call(
                through: &stores,
                for: call.team,
                outcomes: { callPolicy.outcomes(of: $0, at: breakers) },
                { [message, request] stores in
                    try callPolicy.reserve(for: request, of: model, from: provider, in: call, at: &stores, log)
                    wasSent = true
                    return try Self.send(message, asking: request, of: provider, with: &client, callPolicy, in: call)
                }
            )
            result = .success(completion)
        } catch let error as CircuitBreakerError {
            result = .failure(AIError(error, provider: provider.name))
        } catch let error as AIError {
            if error.refusesStreamOptions { withoutStreamOptions.insert(provider.name) }
            result = .failure(error)
        } catch {
            // Reached only with stores that have no fallback: the store failed.
            log.error("ai.store_failed", ["error": "\(error)"])
            result = .failure(AIError(.clientFailed, provider: provider.name))
        }
        // A key at rest is no attempt while another one may be asked.
        if case .failure(let error) = result, error.rejectingBreaker != nil, error.isOfKey, !isLast { throw error }
        let took = SystemClock.uptime - start
        record(result, of: provider, asking: model, wasSent: wasSent, took: took, in: &call)
        if let attempt = call.attempts.last { span.end(attempt.attributes(operation), error: attempt.code?.rawValue) }
        return try result.get()
    }
}

/// Whose turn it is among the keys of each provider.
///
/// The first turn is random, because a process may live for one call only.
struct KeyTurns {
    private var turns: [String: Int] = [:]

    /// All keys of a provider, the one whose turn it is first; a single nil for a provider without keys.
    mutating func keys(of provider: Provider) -> [ProviderKey?] {
        let keys = provider.keys
        guard keys.count > 1 else { return [keys.first] }
        let turn = turns[provider.name] ?? .random(in: keys.indices)
        turns[provider.name] = (turn + 1) % keys.count
        return Array(keys[(turn % keys.count)...] + keys[..<(turn % keys.count)])
    }
}

extension AIError {
    /// Whether the error concerns the key that was used, so that another one may have more luck.
    fileprivate var isOfKey: Bool {
        if let rejectingBreaker { return GuardingBreakers.isOfKey(rejectingBreaker) }
        switch breaker {
        case .limited, .refused: return !hasPartialOutput
        case .failure, .neutral, .success: return false
        }
    }

    /// Whether a call may succeed sooner than after another error.
    fileprivate func isSooner(than other: AIError) -> Bool {
        guard let wait = retryAfter?.delay else { return false }
        return other.retryAfter.map { wait < $0.delay } ?? true
    }

    /// Whether no call to the provider can succeed now, whatever its model.
    var closesProvider: Bool {
        guard !leavesKeys else { return false }
        guard let rejectingBreaker else { return breaker == .refused && level == .key }
        return !GuardingBreakers.isOfModel(rejectingBreaker)
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
            case .refused: .authFailed
            }
        self.init(
            cause,
            provider: provider,
            message: "\(rejection.reason.rawValue), last error \(rejection.lastError ?? "unknown")"
        )
        wait = rejection.retryAfter
        rejectingBreaker = rejection.name
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
        let end = call.attemptDeadline(callPolicy.breaker(of: provider).callTimeout)
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
