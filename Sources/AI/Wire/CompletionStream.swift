import Base

/// Assembles an answer from the events of a stream.
///
/// ```swift
/// var stream = provider.makeStream(status: head.status, headers: head.headers)
/// for event in events where !stream.isTerminal {
///     show(try stream.take(event: event.name, data: event.data))
/// }
/// let completion = try stream.finish()
/// ```
public struct CompletionStream: Sendable {
    private let context: ResponseContext
    private var stream: any WireStream
    private var textBytes = 0

    /// Whether the mark has arrived that ends a stream in OpenAI's formats, and in others behind some gateways.
    private var isMarked = false

    /// Whether text has arrived, which may have been shown to the user.
    public private(set) var hasText = false

    init(_ context: ResponseContext) {
        self.context = context
        stream = context.provider.wireFormat.format.makeStream(for: context.provider)
    }

    /// Whether the answer is complete, so that the reader can stop.
    public var isTerminal: Bool { stream.isTerminal || isMarked }

    /// Whether the end of the stream, however it comes, is the end of the answer.
    var isComplete: Bool { stream.isComplete }

    /// Decodes one event (WHATWG HTML, section 9.2).
    ///
    /// - Parameters:
    ///   - event: The name of the event. No format needs it, because the data repeats it.
    ///   - data: The data of the event.
    /// - Returns: The text that the event adds to the answer; empty for most events.
    /// - Throws: ``AIError`` for an error that the provider reports, and for data that is not an event of its format.
    public mutating func take(event: String?, data: [UInt8]) throws(AIError) -> String {
        guard !isTerminal, !data.isEmpty else { return "" }
        guard !data.elementsEqual("[DONE]".utf8) else {
            isMarked = true
            return ""
        }
        let document: JSONDocument
        do {
            document = try JSONDocument(lenient: data, limits: .answer)
        } catch {
            throw context.error(.unreadable, "an event's data: \(error)", hasPartialOutput: hasText)
        }
        if let body = ErrorBody(in: document.root) {
            throw context.error(body, answer: try? stream.answer(), hasPartialOutput: hasText)
        }
        do throws(WireFault) {
            let text = try stream.take(document.root)
            hasText = hasText || !text.isEmpty
            textBytes += text.utf8.count
            guard textBytes <= JSONLimits.answer.bytes else { throw .malformed("the answer is too long") }
            return text
        } catch {
            throw context.error(error, hasPartialOutput: hasText)
        }
    }

    /// Decodes an event that no blank line ends.
    ///
    /// If the end of the stream cut it in half, it is as if it had not come.
    mutating func take(lastEvent event: ServerSentEvent) throws(AIError) -> String {
        do throws(AIError) {
            return try take(event: event.event, data: event.data)
        } catch {
            guard error.code == .badResponse else { throw error }
            return ""
        }
    }

    /// Completes an answer after its last event.
    ///
    /// - Returns: The answer, the same as without streaming.
    /// - Throws: ``AIError`` if the stream ended before the answer was complete.
    public func finish() throws(AIError) -> Completion {
        do throws(WireFault) {
            guard isComplete else {
                // A stream that ends properly without a beginning is no answer of this format.
                if isMarked { _ = try stream.answer() }
                throw .cut
            }
            return context.completion(try stream.answer())
        } catch {
            throw context.error(error, hasPartialOutput: hasText)
        }
    }

    /// The answer so far, with its usage; nil if nothing usable has arrived.
    public var partial: Completion? {
        (try? stream.answer()).map(context.completion)
    }
}
