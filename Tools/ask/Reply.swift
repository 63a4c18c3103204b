import AI
import Base
import Core

/// The output: the answer, its provider and its cost.
struct Reply: OutputObject {
    private let answer: CallAnswer

    init(_ answer: CallAnswer) {
        self.answer = answer
    }

    static let fields: [OutputField<Reply>] = [
        OutputField("text", "The answer.") { $0.answer.completion.text },
        OutputField("provider", "Who gave it.") { $0.answer.provider },
        OutputField("model", "The model, by its full name.") { $0.answer.completion.model },
        OutputField("stopReason", "Why it ends there.") { $0.answer.completion.stopReason.kind.rawValue },
        OutputField("truncated", "Whether it ends at its limit.") { $0.answer.completion.isTruncated },
        OutputField("usedFallback", "Whether another provider was asked first.") { $0.answer.usedFallback },
        OutputField("usage", "The tokens; null where nobody counted.") {
            $0.answer.completion.usage.map { JSONText($0) }
        },
        OutputField("costUsd", "What all attempts cost; null where no price is known.") {
            $0.answer.cost
        },
        OutputField("attempts", "What was tried.") { JSONText($0.answer.attempts) },
    ]
}
