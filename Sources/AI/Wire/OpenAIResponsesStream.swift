import Base

/// An answer of OpenAI Responses that comes in pieces.
struct OpenAIResponsesStream: WireStream {
    private let provider: Provider
    private var text = ""
    private var hasRefused = false

    /// The last event holds the whole answer.
    private var result: WireAnswer?

    init(provider: Provider) {
        self.provider = provider
    }

    var isTerminal: Bool { result != nil }

    mutating func take(_ event: JSONValue) throws(WireFault) -> String {
        switch event["type"]?.string {
        case "response.output_text.delta":
            let delta = event["delta"]?.string ?? ""
            text += delta
            return delta
        case "response.refusal.delta":
            hasRefused = true
        case "response.completed", "response.incomplete", "response.failed":
            guard let response = event["response"] else { throw .malformed("the last event has no response") }
            var answer = try OpenAIResponses().read(response, for: provider)
            // Some servers do not repeat what they have sent.
            if answer.text.isEmpty { answer.text = text }
            if hasRefused { answer.stop = StopReason(.refusal, answer.stop.rawValue) }
            result = answer
        default:
            break
        }
        return ""
    }

    mutating func takeMark(_ data: [UInt8]) -> Bool {
        data.elementsEqual("[DONE]".utf8)
    }

    func answer() throws(WireFault) -> WireAnswer {
        guard let result else { throw .cut }
        return result
    }
}
