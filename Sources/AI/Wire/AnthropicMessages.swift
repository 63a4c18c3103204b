import Base

/// The format of Anthropic Messages.
struct AnthropicMessages: WireFormat {
    var path: String { "/v1/messages" }

    func encode(
        _ request: CompletionRequest,
        model: String,
        isStreamed: Bool,
        for provider: Provider,
        to json: inout JSONWriter
    ) throws(WireFault) {
        if let reason = Self.objection(to: request) { throw .unsupported("Anthropic Messages \(reason)") }
        let (instructions, conversation) = request.parted
        json.object { json in
            json.member("model", model)
            json.member("max_tokens", request.maxTokens)
            if !instructions.isEmpty {
                let system = request.system.map { [CompletionRequest.Part(.text($0))] } ?? []
                json.member("system", AnthropicContent(parts: system + instructions.flatMap(\.parts)))
            } else if let system = request.system {
                json.member("system", system)
            }
            json.member("messages") { json in
                json.array { json in
                    for message in conversation { json.element(AnthropicMessage(message)) }
                }
            }
            if !request.stopSequences.isEmpty { json.member("stop_sequences", request.stopSequences) }
            if let temperature = request.temperature { json.member("temperature", JSONText(number: temperature)) }
            if let userID = request.userID {
                json.member("metadata") { json in json.object { json in json.member("user_id", userID) } }
            }
            if let budget = request.thinkingTokens {
                json.member("thinking") { json in
                    json.object { json in
                        json.member("type", "enabled")
                        json.member("budget_tokens", budget)
                    }
                }
            }
            if request.effort != nil || request.schema != nil {
                json.member("output_config") { json in Self.encodeOutput(of: request, to: &json) }
            }
            if isStreamed { json.member("stream", true) }
        }
    }

    func read(_ answer: JSONValue, for provider: Provider) throws(WireFault) -> WireAnswer {
        guard let content = answer["content"], content.kind == .array else {
            throw .malformed("the answer has no content")
        }
        var result = WireAnswer()
        for block in content.elements {
            if Self.isText(block) { result.text += block["text"]?.string ?? "" }
            if Self.isThinking(block) { result.reasoning.addParagraph(block["thinking"]?.string) }
        }
        result.takeStop(in: answer)
        result.model = answer["model"]?.string
        result.id = answer["id"]?.string
        var usage = AnthropicUsage()
        usage.take(answer["usage"])
        result.usage = usage.tokens
        result.cost = usage.cost
        return result
    }

    func makeStream(for provider: Provider) -> any WireStream {
        AnthropicStream()
    }

    /// Blocks of thinking and of tool use are not part of the text.
    static func isText(_ block: JSONValue) -> Bool {
        block["type"]?.string == "text"
    }

    static func isThinking(_ block: JSONValue) -> Bool {
        block["type"]?.string == "thinking"
    }

    /// Why the format cannot express a request, as the rest of a sentence.
    private static func objection(to request: CompletionRequest) -> String? {
        let efforts = ["low", "medium", "high", "xhigh", "max"]
        if let effort = request.effort?.rawValue, !efforts.contains(effort) { return "has no effort \(effort)" }
        if let budget = request.thinkingTokens, budget >= request.maxTokens {
            return "needs more tokens for the answer than for thinking"
        }
        if let temperature = request.temperature, temperature > 1 { return "has no temperature above 1" }
        let isBlank: (String) -> Bool = { $0.unicodeScalars.allSatisfy(\.properties.isWhitespace) }
        if request.stopSequences.contains(where: isBlank) { return "has no stop sequence of white space" }
        return nil
    }

    private static func encodeOutput(of request: CompletionRequest, to json: inout JSONWriter) {
        json.object { json in
            if let effort = request.effort { json.member("effort", effort.rawValue) }
            if let schema = request.schema {
                json.member("format") { json in
                    json.object { json in
                        json.member("type", "json_schema")
                        json.member("schema", schema.text)
                    }
                }
            }
        }
    }
}

extension WireAnswer {
    /// Reads the stop reason from an answer or from the last events of a stream.
    mutating func takeStop(in object: JSONValue) {
        if let reason = object["stop_reason"]?.string.flatMap(StopReason.init(word:)) { stop = reason }
        if let sequence = object["stop_sequence"]?.string { stopSequence = sequence }
        if let category = object["stop_details"]?["category"]?.string { refusalCategory = category }
    }
}

/// A streamed answer of Anthropic Messages.
struct AnthropicStream: WireStream {
    private(set) var isTerminal = false
    private var hasBegun = false
    private var result = WireAnswer()
    private var usage = AnthropicUsage()

    var isComplete: Bool { isTerminal || !result.stop.rawValue.isEmpty }

    mutating func take(_ event: JSONValue) throws(WireFault) -> String {
        switch event["type"]?.string {
        case "message_start":
            hasBegun = true
            result.model = event["message"]?["model"]?.string
            result.id = event["message"]?["id"]?.string
            usage.take(event["message"]?["usage"])
        case "content_block_start":
            guard let block = event["content_block"] else { break }
            if AnthropicMessages.isText(block) { return add(block["text"]) }
            if AnthropicMessages.isThinking(block) {
                result.reasoning.endParagraph()
                result.reasoning.add(block["thinking"]?.string)
            }
        case "content_block_delta":
            guard let delta = event["delta"] else { break }
            if delta["type"]?.string == "text_delta" { return add(delta["text"]) }
            if delta["type"]?.string == "thinking_delta" { result.reasoning.add(delta["thinking"]?.string) }
        case "message_delta":
            if let delta = event["delta"] { result.takeStop(in: delta) }
            usage.take(event["usage"])
        case "message_stop":
            isTerminal = true
        default:
            // Anthropic adds event types without a new API version.
            break
        }
        return ""
    }

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
