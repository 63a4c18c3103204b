import Base
import Core
import HTTPClient
import Reliability

extension AIClient where Stores: ~Copyable {
    /// Sends one request and reads its answer, whole or as it comes.
    static func send(
        _ message: HTTPRequest,
        asking request: CompletionRequest,
        of provider: Provider,
        with client: inout HTTPClient,
        _ callPolicy: CallPolicy,
        in call: Call
    ) throws(AIError) -> Completion {
        var message = message
        message.idleLimit = callPolicy.idleLimit
        var reader = AnswerReader(provider, in: call)
        do throws(AIError) {
            let end = call.attemptDeadline(callPolicy.breaker.callTimeout)
            let completion = try provider.accept(reader.read(message, with: &client, until: end))
            if let schema = request.schema { try provider.check(completion, against: schema) }
            return completion
        } catch {
            var error = reader.completed(error)
            // What the provider asks of all processes it asks of this one.
            if case .limited(.rateLimited) = error.breaker { error.wait = callPolicy.cooldown(after: error) }
            throw error
        }
    }
}

extension Provider {
    /// Takes an answer only if it has the form that was asked for.
    fileprivate func check(_ completion: Completion, against schema: OutputSchema) throws(AIError) {
        // An answer that was cut off cannot have it, and asking again would not help.
        guard !completion.isTruncated else { return }
        let violations = schema.validate(completion.text)
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
