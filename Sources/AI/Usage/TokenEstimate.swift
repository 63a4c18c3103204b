import Base

extension TokenUsage {
    /// The most tokens of a call that any provider has; a greater count is an error of the server.
    private static var mostPossible: Int { 100_000_000 }

    /// An upper estimate of the tokens of a text, of three bytes each: fewer than any language needs.
    static func estimate(bytes: Int) -> Int { (bytes + 2) / 3 }

    /// The tokens to count for an answer: those that the provider reported, and an estimate of those that it did not.
    ///
    /// A count that cannot be right is not believed: tokens beyond any model's limit, and less than one token for 64 bytes,
    /// which only the longest tokens of white space have.
    ///
    /// - Parameters:
    ///   - reported: The counts of the provider; nil if it reported none.
    ///   - request: What was asked.
    ///   - textBytes: The size of the answer's text, and of the reasoning that the provider shows.
    init(reported: TokenUsage?, asking request: CompletionRequest, textBytes: Int) {
        self = reported ?? TokenUsage()
        let isPromptCounted = reported.map { Self.isPlausible($0.prompt, for: request.textBytes) } ?? false
        let isOutputCounted = reported.map { Self.isPlausible($0.output, for: textBytes) } ?? false
        if !isPromptCounted {
            (input, cacheRead, cacheWrite5m, cacheWrite1h) = (request.mostTokens.input, 0, 0, 0)
        }
        if !isOutputCounted { (output, reasoning) = (Self.estimate(bytes: textBytes), 0) }
        isEstimated = !isPromptCounted || !isOutputCounted
    }

    private static func isPlausible(_ tokens: Int, for bytes: Int) -> Bool {
        tokens <= mostPossible && bytes / 64 <= tokens
    }
}

extension Completion {
    /// The size of the text and of the reasoning that the provider shows.
    var textBytes: Int { text.utf8.count + (reasoning?.utf8.count ?? 0) }
}

extension CompletionRequest {
    /// The size of the texts that the model reads, in bytes; images and documents have other rules.
    fileprivate var textBytes: Int {
        let texts = (embedding?.inputs ?? []) + messages.map(\.text)
        return texts.reduce(0) { $0 + $1.utf8.count } + (system?.utf8.count ?? 0)
    }

    /// The most tokens that the request may use: its prompt, with a few for the framing of each message, and an answer of
    /// the maximum length.
    var mostTokens: TokenUsage {
        TokenUsage(
            input: TokenUsage.estimate(bytes: byteCount) + 16 * (messages.count + 1),
            output: maxTokens
        )
    }
}

extension AIError {
    /// Whether the provider may charge for the failed attempt, although it reported no usage.
    ///
    /// It may where it answered, and where it was still working on the answer when this side gave up.
    var mayBeCharged: Bool {
        switch cause {
        case .unreadable, .cut, .empty, .refused, .unexpectedStop, .schemaMismatch:
            status.map { (200...299).contains($0) } ?? true
        case .noAnswer, .stalled, .cancelled, .outOfTime: true
        default: (completion?.textBytes ?? 0) > 0
        }
    }
}
