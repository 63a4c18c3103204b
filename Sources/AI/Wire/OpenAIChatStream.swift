import Base
import Core

/// An answer of OpenAI Chat Completions that comes in pieces.
struct OpenAIChatStream: WireStream {
    private let provider: Provider
    private var hasBegun = false
    private var hasEnded = false
    private var isMarked = false
    private var hasRefused = false
    private var result = WireAnswer()

    init(provider: Provider) {
        self.provider = provider
    }

    /// The mark alone would do for a server that was cut off before it said why the model stopped.
    var isTerminal: Bool { isMarked }

    mutating func take(_ event: JSONValue) throws(WireFault) -> String {
        if let model = event["model"]?.string { result.model = result.model ?? model }
        if let id = event["id"]?.string { result.id = result.id ?? id }
        if let usage = TokenUsage(openAI: event["usage"], for: provider) { result.usage = usage }
        if let cost = USDollars(number: event["usage"]?["cost"]) { result.cost = cost }
        guard let choices = event["choices"], choices.kind == .array else { return "" }
        hasBegun = true
        guard let choice = choices.elements.first(where: OpenAIChat.isFirst) else { return "" }
        if let reason = choice["finish_reason"]?.string {
            result.stop = StopReason(chat: reason)
            hasEnded = true
        }
        if let refusal = choice["delta"]?["refusal"]?.string, !refusal.isEmpty { hasRefused = true }
        let text = OpenAIChat.text(of: choice["delta"]?["content"])
        result.text += text
        return text
    }

    mutating func takeMark(_ data: [UInt8]) -> Bool {
        guard data.elementsEqual("[DONE]".utf8) else { return false }
        isMarked = true
        return true
    }

    func answer() throws(WireFault) -> WireAnswer {
        guard hasBegun else { throw .malformed("the stream has no choices") }
        guard hasEnded else { throw .cut }
        var result = result
        if hasRefused { result.stop = StopReason(.refusal, result.stop.rawValue) }
        return result
    }
}
