import Base
import Core

/// The format of OpenAI's embeddings, which servers with either of OpenAI's formats share.
struct OpenAIEmbeddings: WireFormat {
    let question: EmbeddingQuestion

    var path: String { "/embeddings" }

    func encode(
        _ request: CompletionRequest,
        model: String,
        isStreamed: Bool,
        for provider: Provider,
        to json: inout JSONWriter
    ) {
        json.object { json in
            json.member("model", model)
            json.member("input", question.inputs)
            // Not all servers know base64.
            json.member("encoding_format", "float")
            if let dimensions = question.dimensions { json.member("dimensions", dimensions) }
        }
    }

    func read(_ answer: JSONValue, for provider: Provider) throws(WireFault) -> WireAnswer {
        guard let data = answer["data"], data.kind == .array else { throw .malformed("the answer has no data") }
        var found: [Int: JSONText] = [:]
        var dimensions: Int?
        for (place, item) in data.elements.enumerated() {
            let index = item["index"]?.integer ?? place
            guard let embedding = item["embedding"], embedding.kind == .array, embedding.count > 0,
                embedding.elements.allSatisfy({ $0.kind == .number })
            else { throw .malformed("an embedding is no array of numbers") }
            guard embedding.count == dimensions ?? embedding.count, embedding.hasOnlyStorableNumbers else {
                throw .malformed("the embeddings have different dimensions")
            }
            dimensions = embedding.count
            guard found.updateValue(embedding.text, forKey: index) == nil else {
                throw .malformed("there are two embeddings of one text")
            }
        }
        let embeddings = question.inputs.indices.compactMap { found[$0] }
        guard embeddings.count == question.inputs.count, found.count == embeddings.count else {
            throw .malformed("there are \(found.count) embeddings of \(question.inputs.count) texts")
        }
        var result = WireAnswer()
        result.embeddings = embeddings
        result.stop = StopReason(.finished, "")
        result.model = answer["model"]?.string
        result.id = answer["id"]?.string
        result.usage = TokenUsage(openAI: answer["usage"], for: provider)
        result.cost = USDollars(number: answer["usage"]?["cost"])
        return result
    }

    /// Embeddings are never streamed; a server that streams them all the same is not understood.
    func makeStream(for provider: Provider) -> any WireStream { OpenAIChatStream(provider: provider) }
}
