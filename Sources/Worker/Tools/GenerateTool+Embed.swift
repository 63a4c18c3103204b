import AI
import Base
import Core
import Reliability
import Runs

/// `ai:embed`: asks an AI provider for embeddings of texts.
extension GenerateTool where Stores: ~Copyable {
    /// Executes an attempt.
    ///
    /// Embeddings with which the outputs would exceed their limit are null there, and only an artifact has them.
    ///
    /// - Throws: `StepFailure`, which is equivalent to returning it.
    mutating func embed(_ inputs: EmbedInputs, in attempt: StepAttempt) throws(StepFailure) -> StepOutcome {
        let question = EmbeddingQuestion(inputs.texts, dimensions: inputs.dimensions)
        let answer: CallAnswer
        do throws(AIError) {
            answer = try ask(CompletionRequest(question, model: inputs.model), of: inputs.providers, in: attempt)
        } catch {
            return StepOutcome(error, of: attempt.step)
        }
        let embeddings = answer.completion.embeddings ?? []
        let whole = Self.outputs(answer, embeddings, nil)
        if attempt.canStore(whole) { return .succeeded(outputs: whole) }
        var json = JSONWriter()
        embeddings.encode(to: &json)
        let artifact = try attempt.artifact(.embeddings, ContentType(of: .embeddings), json.bytes)
        return .succeeded(outputs: Self.outputs(answer, nil, artifact), artifacts: [artifact])
    }

    private static func outputs(
        _ answer: CallAnswer,
        _ embeddings: [JSONText]?,
        _ artifact: NewArtifact?
    ) -> JSONText {
        var json = JSONWriter()
        json.object { json in
            json.member("embeddings", embeddings)
            json.member("model", answer.completion.model)
            json.member("provider", answer.provider)
            json.member("requestId", answer.completion.requestID)
            json.member("usage", answer.completion.usage)
            json.member("costUsd", answer.cost)
            json.member("attempts", answer.attempts)
            if let artifact { json.member("artifact") { artifact.describe(in: &$0) } }
        }
        return JSONText(trusted: json.bytes)
    }
}
