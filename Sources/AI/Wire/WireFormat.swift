import Base
import Core

/// One way to write requests and answers.
protocol WireFormat: Sendable {
    /// What follows the base URL.
    var path: String { get }

    /// Writes the content of a request.
    ///
    /// - Throws: ``WireFault/unsupported(_:)`` where the format has no words for what is asked.
    func encode(
        _ request: CompletionRequest,
        model: String,
        isStreamed: Bool,
        for provider: Provider,
        to json: inout JSONWriter
    ) throws(WireFault)

    /// Reads a whole answer, an object without an error in it.
    func read(_ answer: JSONValue, for provider: Provider) throws(WireFault) -> WireAnswer

    /// Begins to read an answer that comes in pieces.
    func makeStream(for provider: Provider) -> any WireStream
}

/// An answer that comes in pieces.
protocol WireStream: Sendable {
    /// Whether the event that ends an answer has come.
    var isTerminal: Bool { get }

    /// Reads the next event, an object without an error in it.
    ///
    /// - Returns: The text that the event adds, empty for most kinds of events.
    mutating func take(_ event: JSONValue) throws(WireFault) -> String

    /// Takes note of data that is a mark and no JSON; false if it means nothing.
    mutating func takeMark(_ data: [UInt8]) -> Bool

    /// What has come, as the whole answer would have said it.
    func answer() throws(WireFault) -> WireAnswer
}

/// Why a request could not be written or an answer not be read.
enum WireFault: Error {
    /// The wire format cannot say what the request asks for.
    case unsupported(String)

    /// The answer is not what the format prescribes.
    case malformed(String)

    /// The stream ended before the answer did.
    case cut

    /// The answer is an error; what was counted until then, if anything.
    case reported(ErrorBody, WireAnswer?)
}

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

/// What all wire formats can say in an answer, whole or put together from pieces.
struct WireAnswer: Sendable {
    var text = ""
    var stop = StopReason(.other, "")
    var stopSequence: String?
    var refusalCategory: String?
    var usage: TokenUsage?
    var cost: USDollars?
    var model: String?
    var id: String?
}
