/// The ways to write requests and answers.
public enum WireFormatName: String, Sendable, CaseIterable {
    /// Anthropic Messages: `POST {base}/v1/messages`.
    case anthropicMessages = "messages"

    /// OpenAI Chat Completions, which most other servers speak as well: `POST {base}/chat/completions`.
    case openAIChat = "chat"

    /// OpenAI Responses: `POST {base}/responses`.
    case openAIResponses = "responses"

    var format: any WireFormat {
        switch self {
        case .anthropicMessages: AnthropicMessages()
        case .openAIChat: OpenAIChat()
        case .openAIResponses: OpenAIResponses()
        }
    }
}
