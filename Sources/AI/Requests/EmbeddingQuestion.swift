import Base

/// Texts of which a model computes embeddings, in place of a conversation.
public struct EmbeddingQuestion: Sendable, Hashable {
    /// The texts; there is one embedding for each.
    public let inputs: [String]

    /// The number of dimensions; nil for the model's own.
    public let dimensions: Int?

    /// Makes a question.
    public init(_ inputs: [String], dimensions: Int? = nil) {
        self.inputs = inputs
        self.dimensions = dimensions
    }
}

extension CompletionRequest {
    /// Makes a request for embeddings.
    public init(_ question: EmbeddingQuestion, model: String) {
        // No token of an answer is paid for.
        self.init(model: model, messages: [], maxTokens: 1)
        embedding = question
    }
}
