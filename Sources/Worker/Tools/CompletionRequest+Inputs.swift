import AI
import Base
import Runs

extension CompletionRequest {
    /// The provider request of a step.
    ///
    /// - Throws: `invalid_inputs` for a schema that is not supported.
    init(_ inputs: GenerateInputs) throws(StepFailure) {
        var messages = inputs.messages.map(Message.init)
        if let system = inputs.system { messages.insert(Message(.system, system), at: 0) }
        if let lifetime = inputs.cache.map(CacheLifetime.init) { messages.mark(lifetime) }
        self.init(model: inputs.model, messages: messages, maxTokens: inputs.maxTokens)
        temperature = inputs.temperature
        stopSequences = inputs.stop
        effort = inputs.effort.map { Effort(rawValue: $0.rawValue) }
        thinkingTokens = inputs.thinkingBudget
        guard let form = inputs.schema else { return }
        do throws(OutputSchema.Invalid) {
            schema = try OutputSchema(name: "answer", form.description)
        } catch {
            throw StepFailure("invalid_inputs", "The inputs are invalid: schema cannot be used: \(error).")
        }
    }
}

extension [CompletionRequest.Message] {
    /// Marks the end of everything before the last message, or of a single message, for the provider's cache.
    fileprivate mutating func mark(_ lifetime: CompletionRequest.CacheLifetime) {
        let place = Swift.max(count - 2, 0)
        guard let last = self[place].parts.indices.last, self[place].parts[last].cache == nil else { return }
        self[place].parts[last].cache = lifetime
    }
}

extension CompletionRequest.Message {
    fileprivate init(_ message: PromptMessage) {
        let role: Role =
            switch message.role {
            case .system: .system
            case .user: .user
            case .assistant: .assistant
            }
        self.init(role, message.parts.map(CompletionRequest.Part.init))
    }
}

extension CompletionRequest.Part {
    fileprivate init(_ part: PromptPart) {
        let content: Content =
            switch part.content {
            case .text(let text): .text(text)
            case .link(let url, let media, let name):
                .file(CompletionRequest.File(.init(media), .url(url), name: name))
            case .data(let base64, let type, let media, let name):
                .file(CompletionRequest.File(.init(media), .data(base64: base64, mediaType: type), name: name))
            }
        self.init(content, cache: part.cache.map(CompletionRequest.CacheLifetime.init))
    }
}

extension CompletionRequest.File.Kind {
    fileprivate init(_ media: PromptMedia) {
        switch media {
        case .image: self = .image
        case .document: self = .document
        }
    }
}

extension CompletionRequest.CacheLifetime {
    fileprivate init(_ control: PromptPart.CacheControl) {
        switch control {
        case .fiveMinutes: self = .fiveMinutes
        case .oneHour: self = .oneHour
        }
    }
}
