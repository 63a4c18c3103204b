import Base

/// Puts an answer together from the events that it comes in.
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

    /// Whether some text has come, and may have been shown.
    public private(set) var hasText = false

    init(_ context: ResponseContext) {
        self.context = context
        stream = context.provider.wireFormat.format.makeStream(for: context.provider)
    }

    /// Whether the answer is complete, so that nothing more needs to be waited for.
    public var isTerminal: Bool { stream.isTerminal }

    /// Takes one event (WHATWG HTML, section 9.2).
    ///
    /// - Parameters:
    ///   - event: Its name, which no format needs: the data says the same.
    ///   - data: Its data.
    /// - Returns: The text that it adds to the answer, empty for most kinds of events.
    /// - Throws: ``AIError`` for an error that the provider reports, and for what is no event of its format.
    public mutating func take(event: String?, data: [UInt8]) throws(AIError) -> String {
        guard !isTerminal, !data.isEmpty, !stream.takeMark(data) else { return "" }
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: data, limits: .answer)
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

    /// Ends an answer whose last event has come.
    ///
    /// - Returns: What the provider would have answered in one piece.
    /// - Throws: ``AIError`` when the events ended before the answer did: what is there may be any part of it.
    public func finish() throws(AIError) -> Completion {
        do throws(WireFault) {
            guard isTerminal else { throw .cut }
            return context.completion(try stream.answer())
        } catch {
            throw context.error(error, hasPartialOutput: hasText)
        }
    }

    /// What has come, with what was counted until now; for an answer that ended early.
    public var partial: Completion? {
        (try? stream.answer()).map(context.completion)
    }
}
