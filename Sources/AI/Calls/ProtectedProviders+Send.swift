import Base
import Core
import HTTPClient

extension ProtectedProviders where Stores: ~Copyable {
    /// Sends one request and reads its answer, whole or as it comes.
    static func send(
        _ message: HTTPRequest,
        asking request: CompletionRequest,
        of provider: Provider,
        with client: inout HTTPClient,
        _ protection: Protection,
        in call: Call
    ) throws(AIError) -> Completion {
        var message = message
        message.idleLimit = protection.idleLimit
        let (end, isOwn) = call.attemptDeadline(protection.breaker.callTimeout)
        var reader = AnswerReader(provider, in: call)
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try client.stream(
                message,
                deadline: end,
                cancellation: call.cancellation,
                onHead: { reader.wantsPieces(of: $0) },
                onBody: { reader.take($0) }
            )
        } catch {
            // That the call's own time is over says nothing about the provider.
            guard isOwn || !error.hasTimedOut || !end.hasPassed else {
                throw AIError(.outOfTime, provider: provider.name, hasPartialOutput: reader.hasText)
            }
            throw provider.error(error, hasPartialOutput: reader.hasText)
        }
        let completion = try provider.accept(reader.finish(response))
        if let schema = request.schema { try provider.check(completion, against: schema) }
        return completion
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

/// Reads an answer to a request whose answer may come in pieces.
private struct AnswerReader {
    private let provider: Provider
    private let cancellation: Cancellation?
    private let onText: ((String) -> Void)?
    private var events = ServerSentEvents()
    private var stream: CompletionStream?
    private var failure: AIError?

    init(_ provider: Provider, in call: Call) {
        self.provider = provider
        cancellation = call.cancellation
        onText = call.onText
    }

    /// Whether some of the answer was handed on.
    var hasText: Bool { onText != nil && stream?.hasText == true }

    /// Only what was asked for in pieces, and comes so, is read so: some servers answer in one piece all the same.
    mutating func wantsPieces(of head: HTTPHead) -> Bool {
        guard onText != nil, (200...299).contains(head.status),
            head.header("content-type")?.lowercasedASCII.hasPrefix("text/event-stream") == true
        else { return false }
        stream = provider.makeStream(status: head.status, headers: head.headers)
        return true
    }

    /// Takes a piece; false when no more is needed.
    mutating func take(_ bytes: [UInt8]) -> Bool {
        do {
            for event in try events.take(bytes) where stream?.isTerminal == false {
                let text = try stream?.take(event: event.event, data: event.data) ?? ""
                if !text.isEmpty { onText?(text) }
                // Whoever gave up gets nothing more, be it here already.
                if cancellation?.isCancelled == true {
                    throw AIError(.cancelled, provider: provider.name, hasPartialOutput: hasText)
                }
            }
            return stream?.isTerminal == false
        } catch let error as AIError {
            failure = error
        } catch {
            failure = AIError(.unreadable, provider: provider.name, hasPartialOutput: hasText, message: "\(error)")
        }
        return false
    }

    func finish(_ response: HTTPResponse) throws(AIError) -> Completion {
        if let failure { throw failure }
        if let stream { return try stream.finish() }
        let completion = try provider.completion(from: response)
        if !completion.text.isEmpty { onText?(completion.text) }
        return completion
    }
}
