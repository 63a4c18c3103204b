import Base

/// An answer of Anthropic Messages that comes in pieces.
struct AnthropicStream: WireStream {
    private(set) var isTerminal = false
    private var hasBegun = false
    private var result = WireAnswer()
    private var usage = AnthropicUsage()

    mutating func take(_ event: JSONValue) throws(WireFault) -> String {
        switch event["type"]?.string {
        case "message_start":
            hasBegun = true
            result.model = event["message"]?["model"]?.string
            result.id = event["message"]?["id"]?.string
            usage.take(event["message"]?["usage"])
        case "content_block_start":
            if let block = event["content_block"], AnthropicMessages.isText(block) { return add(block["text"]) }
        case "content_block_delta":
            if let delta = event["delta"], delta["type"]?.string == "text_delta" { return add(delta["text"]) }
        case "message_delta":
            if let delta = event["delta"] { result.takeStop(in: delta) }
            usage.take(event["usage"])
        case "message_stop":
            isTerminal = true
        default:
            // Versions of the API add kinds of events without notice.
            break
        }
        return ""
    }

    mutating func takeMark(_ data: [UInt8]) -> Bool { false }

    func answer() throws(WireFault) -> WireAnswer {
        guard hasBegun else { throw .malformed("the stream has no message_start") }
        var result = result
        result.usage = usage.tokens
        result.cost = usage.cost
        return result
    }

    private mutating func add(_ text: JSONValue?) -> String {
        let text = text?.string ?? ""
        result.text += text
        return text
    }
}
