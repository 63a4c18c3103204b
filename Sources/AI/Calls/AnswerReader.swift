import Base
import HTTPClient

/// Reads an answer, streamed or whole.
struct AnswerReader {
    /// The form of an answer to a request for a stream.
    private enum Form {
        /// Too little has arrived to tell.
        case unknown
        case events(CompletionStream)
        /// One JSON document, as some servers answer such a request too.
        case document
    }

    private let provider: Provider
    private let cancellation: Cancellation?
    private let onText: ((String) -> Void)?
    private let onProgress: ((AnswerProgress) -> Void)?
    private let isStreamed: Bool
    private let request: CompletionRequest
    private var events = ServerSentEvents()
    private var head = HTTPHead(status: 0)
    private var form = Form.unknown

    /// What has arrived of an answer that is no stream, or not yet known to be one.
    private var body: [UInt8] = []
    private var failure: AIError?

    /// Whether text was passed to the caller, who cannot take it back.
    private var hasShown = false

    init(_ provider: Provider, in call: Call) {
        self.provider = provider
        cancellation = call.cancellation
        onText = call.onText
        onProgress = call.onProgress
        isStreamed = call.isStreamed
        request = call.request
    }

    /// Sends a request and reads its answer.
    mutating func read(
        _ message: HTTPRequest,
        with client: inout HTTPClient,
        until deadline: Call.AttemptDeadline
    ) throws(AIError) -> Completion {
        onProgress?(.began)
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
        let isCollected = response.body.isEmpty && !body.isEmpty
        let whole = isCollected ? HTTPResponse(response.head, body: body) : response
        let completion = try provider.completion(from: whole, to: request)
        show(completion.text)
        return completion
    }

    /// Adds the partial answer to an error: shown text prevents a retry, and counted tokens are billed.
    func completed(_ error: AIError) -> AIError {
        var error = error
        error.hasPartialOutput = hasShown
        error.completion = error.completion ?? stream?.partial
        return error
    }

    private var stream: CompletionStream? {
        if case .events(let stream) = form { stream } else { nil }
    }

    /// Whether to read the response in pieces: a success, if a stream was asked for.
    private mutating func wantsPieces(of head: HTTPHead) -> Bool {
        guard isStreamed, (200...299).contains(head.status), head.unreadCoding == nil else { return false }
        self.head = head
        if head.header("content-type")?.lowercasedASCII.hasPrefix("text/event-stream") == true { beginStream() }
        return true
    }

    private mutating func beginStream() {
        form = .events(provider.makeStream(status: head.status, headers: head.headers))
    }

    /// Completes the answer at the end of the stream, whose last event need not have a blank line after it.
    private mutating func endStream() throws(AIError) -> Completion {
        if stream?.isTerminal == false, let event = events.finish() { try take(event, isLast: true) }
        guard let stream else { throw AIError(.cut, provider: provider.name) }
        return try stream.finish()
    }

    /// Reads a piece of the body; false when the answer is complete.
    private mutating func take(_ bytes: [UInt8]) -> Bool {
        do throws(AIError) {
            switch form {
            case .events: return try takeEvents(in: bytes)
            case .document: try collect(bytes)
            case .unknown:
                try collect(bytes)
                guard let isStream = ServerSentEvents.mayBegin(body) else { return true }
                guard isStream else {
                    form = .document
                    return true
                }
                beginStream()
                let first = body
                body = []
                return try takeEvents(in: first)
            }
            return true
        } catch {
            failure = error
            return false
        }
    }

    private mutating func collect(_ bytes: [UInt8]) throws(AIError) {
        body += bytes
        guard body.count <= JSONLimits.answer.bytes else {
            throw AIError(.unreadable, provider: provider.name, status: head.status, message: "the answer is too large")
        }
    }

    private mutating func takeEvents(in bytes: [UInt8]) throws(AIError) -> Bool {
        let complete: [ServerSentEvent]
        do throws(ServerSentEvents.TooLarge) {
            complete = try events.take(bytes)
        } catch {
            throw AIError(.unreadable, provider: provider.name, message: "\(error)")
        }
        for event in complete where stream?.isTerminal == false {
            try take(event)
            // A cancelled call passes on no more text, even if text has already arrived.
            if cancellation?.isCancelled == true { throw AIError(.cancelled, provider: provider.name) }
        }
        return stream?.isTerminal == false
    }

    private mutating func take(_ event: ServerSentEvent, isLast: Bool = false) throws(AIError) {
        guard case .events(var stream) = form else { return }
        // The stream has one owner while it grows, so that its text is not copied with each event.
        form = .unknown
        defer { form = .events(stream) }
        show(isLast ? try stream.take(lastEvent: event) : try stream.take(event: event.event, data: event.data))
    }

    private mutating func show(_ text: String) {
        guard !text.isEmpty else { return }
        onProgress?(.text(text))
        guard let onText else { return }
        hasShown = true
        onText(text)
    }
}
