import Base
import Core

/// An encoding of requests and answers.
protocol WireFormat: Sendable {
    /// The path after the base URL.
    var path: String { get }

    /// Encodes the body of a request.
    ///
    /// - Throws: ``WireFault/unsupported(_:)`` if the format cannot express the request.
    func encode(
        _ request: CompletionRequest,
        model: String,
        isStreamed: Bool,
        for provider: Provider,
        to json: inout JSONWriter
    ) throws(WireFault)

    /// Decodes a complete answer.
    ///
    /// The caller has checked that it is an object and not an error.
    func read(_ answer: JSONValue, for provider: Provider) throws(WireFault) -> WireAnswer

    /// Makes a decoder for a streamed answer.
    func makeStream(for provider: Provider) -> any WireStream
}

/// A decoder of a streamed answer.
protocol WireStream: Sendable {
    /// Whether the last event of the answer has arrived.
    var isTerminal: Bool { get }

    /// Whether the model has said why it stopped, after which the end of the stream is the end of the answer.
    var isComplete: Bool { get }

    /// Decodes the next event.
    ///
    /// The caller has checked that it is an object and not an error.
    ///
    /// - Returns: The text that the event adds; empty for most events.
    mutating func take(_ event: JSONValue) throws(WireFault) -> String

    /// The answer so far, in the form of a complete answer.
    func answer() throws(WireFault) -> WireAnswer
}

/// The reason why a request cannot be encoded or an answer cannot be decoded.
enum WireFault: Error {
    /// The wire format cannot express the request.
    case unsupported(String)

    /// The answer does not conform to the format.
    case malformed(String)

    /// The stream ended before the answer was complete.
    case cut

    /// The answer is an error.
    ///
    /// It may carry the usage counted so far.
    case reported(ErrorBody, WireAnswer?)
}

/// The wire formats by name.
public enum WireFormatName: String, Sendable, CaseIterable {
    /// Anthropic Messages: `POST {base}/v1/messages`.
    case anthropicMessages = "messages"

    /// OpenAI Chat Completions, which most other servers also support: `POST {base}/chat/completions`.
    case openAIChat = "chat"

    /// OpenAI Responses: `POST {base}/responses`.
    case openAIResponses = "responses"

    /// The format of a request, which for embeddings is another one; nil if there is none.
    func format(of request: CompletionRequest) -> (any WireFormat)? {
        guard let question = request.embedding else { return format }
        return self == .anthropicMessages ? nil : OpenAIEmbeddings(question: question)
    }

    var format: any WireFormat {
        switch self {
        case .anthropicMessages: AnthropicMessages()
        case .openAIChat: OpenAIChat()
        case .openAIResponses: OpenAIResponses()
        }
    }
}

/// The fields of an answer that all wire formats share.
struct WireAnswer: Sendable {
    var text = ""
    var reasoning = ReasoningText()
    var embeddings: [JSONText]?
    var stop = StopReason(.other, "")
    var stopSequence: String?
    var refusalCategory: String?
    var usage: TokenUsage?
    var cost: USDollars?
    var model: String?
    var id: String?
}
