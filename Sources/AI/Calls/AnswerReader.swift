import Base
import HTTPClient

/// Reads an answer, streamed or whole.
struct AnswerReader {
    private let provider: Provider
    private let cancellation: Cancellation?
    private let onText: ((String) -> Void)?
    private var events = ServerSentEvents()
    private var stream: CompletionStream?
    private var failure: AIError?

    /// Whether text was passed to the caller.
    private var hasShown = false

    init(_ provider: Provider, in call: Call) {
        self.provider = provider
        cancellation = call.cancellation
        onText = call.onText
    }

    /// Sends a request and reads its answer.
    mutating func read(
        _ message: HTTPRequest,
        with client: inout HTTPClient,
        until deadline: Call.AttemptDeadline
    ) throws(AIError) -> Completion {
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try client.stream(
                message,
                deadline: deadline.end,
                cancellation: cancellation,
                onHead: { wantsPieces(of: $0) },
                onBody: { take($0) }
            )
        } catch {
            // After the stop reason, the way in which the connection ends does not matter.
            if error.kind != .cancelled, failure == nil, let stream, stream.isComplete { return try stream.finish() }
            // A timeout by the call's own deadline says nothing about the provider.
            let isOutOfTime = deadline.isCalls && error.hasTimedOut && deadline.end.hasPassed
            throw isOutOfTime ? AIError(.outOfTime, provider: provider.name) : provider.error(error)
        }
        if let failure { throw failure }
        if stream != nil { return try endStream() }
        let completion = try provider.completion(from: response)
        show(completion.text)
        return completion
    }

    /// Adds the partial answer to an error: shown text prevents a retry, and counted tokens are billed.
    func completed(_ error: AIError) -> AIError {
        var error = error
        error.hasPartialOutput = error.hasPartialOutput || hasShown
        error.completion = error.completion ?? stream?.partial
        return error
    }

    /// Whether to read the response as a stream.
    ///
    /// Some servers answer a streaming request with one JSON document.
    private mutating func wantsPieces(of head: HTTPHead) -> Bool {
        guard onText != nil, (200...299).contains(head.status),
            head.header("content-type")?.lowercasedASCII.hasPrefix("text/event-stream") == true
        else { return false }
        stream = provider.makeStream(status: head.status, headers: head.headers)
        return true
    }

    /// Completes the answer at the end of the stream, whose last event need not have a blank line after it.
    private mutating func endStream() throws(AIError) -> Completion {
        if stream?.isTerminal == false, let event = events.finish() {
            show(try stream?.take(lastEvent: event) ?? "")
        }
        guard let stream else { throw AIError(.cut, provider: provider.name) }
        return try stream.finish()
    }

    /// Reads a piece of the stream; false when the answer is complete.
    private mutating func take(_ bytes: [UInt8]) -> Bool {
        do {
            for event in try events.take(bytes) where stream?.isTerminal == false {
                show(try stream?.take(event: event.event, data: event.data) ?? "")
                // A cancelled call passes on no more text, even if text has already arrived.
                if cancellation?.isCancelled == true { throw AIError(.cancelled, provider: provider.name) }
            }
            return stream?.isTerminal == false
        } catch let error as AIError {
            failure = error
        } catch {
            failure = AIError(.unreadable, provider: provider.name, message: "\(error)")
        }
        return false
    }

    private mutating func show(_ text: String) {
        guard let onText, !text.isEmpty else { return }
        hasShown = true
        onText(text)
    }
}
