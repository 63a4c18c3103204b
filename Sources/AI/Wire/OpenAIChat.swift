import Base
import Core

/// The format of OpenAI Chat Completions.
struct OpenAIChat: WireFormat {
    var path: String { "/chat/completions" }

    func encode(
        _ request: CompletionRequest,
        model: String,
        isStreamed: Bool,
        for provider: Provider,
        to json: inout JSONWriter
    ) {
        json.object { json in
            json.member("model", model)
            json.member(provider.maxTokensField.rawValue, request.maxTokens)
            json.member("messages") { json in
                json.array { json in
                    if let system = request.system { json.element(Instructions(text: system)) }
                    for message in request.messages { json.element(message) }
                }
            }
            if !request.stopSequences.isEmpty { json.member("stop", request.stopSequences) }
            if let temperature = request.temperature { json.member("temperature", JSONText(number: temperature)) }
            if let effort = request.effort { json.member("reasoning_effort", effort.rawValue) }
            if let userID = request.userID { json.member("safety_identifier", userID) }
            if let schema = request.schema {
                json.member("response_format") { json in Self.encodeFormat(schema, to: &json) }
            }
            if isStreamed {
                json.member("stream", true)
                json.member("stream_options") { json in
                    json.object { json in json.member("include_usage", true) }
                }
            }
        }
    }

    func read(_ answer: JSONValue, for provider: Provider) throws(WireFault) -> WireAnswer {
        guard let choice = answer["choices"]?.elements.first(where: Self.isFirst), let message = choice["message"],
            message.kind == .object
        else { throw .malformed("the answer has no choice with a message") }
        var result = WireAnswer()
        result.text = Self.text(of: message["content"])
        if let reason = choice["finish_reason"]?.string { result.stop = StopReason(chat: reason) }
        if let refusal = message["refusal"]?.string { result.refuse(refusal) }
        result.model = answer["model"]?.string
        result.id = answer["id"]?.string
        result.usage = TokenUsage(openAI: answer["usage"], for: provider)
        result.cost = USDollars(number: answer["usage"]?["cost"])
        return result
    }

    func makeStream(for provider: Provider) -> any WireStream {
        OpenAIChatStream(provider: provider)
    }

    /// Requests ask for one answer only, so a choice without an index is the first.
    static func isFirst(_ choice: JSONValue) -> Bool {
        (choice["index"]?.integer ?? 0) == 0
    }

    /// The content is a string or, from some servers, an array of parts with texts.
    static func text(of content: JSONValue?) -> String {
        guard let content else { return "" }
        return content.string ?? content.elements.lazy.compactMap { $0["text"]?.string }.joined()
    }

    private static func encodeFormat(_ schema: OutputSchema, to json: inout JSONWriter) {
        json.object { json in
            json.member("type", "json_schema")
            json.member("json_schema") { json in
                json.object { json in schema.encodeStrictly(to: &json) }
            }
        }
    }

    /// The system prompt, in the role that all servers accept.
    private struct Instructions: JSONEncodable {
        let text: String

        func encode(to json: inout JSONWriter) {
            json.object { json in
                json.member("role", "system")
                json.member("content", text)
            }
        }
    }
}

extension OutputSchema {
    /// Writes the members that both OpenAI formats share.
    func encodeStrictly(to json: inout JSONWriter) {
        json.member("name", name)
        json.member("strict", true)
        json.member("schema", text)
    }
}

extension WireAnswer {
    /// Records a refusal.
    ///
    /// It takes precedence over the stop reason.
    mutating func refuse(_ explanation: String) {
        guard !explanation.isEmpty else { return }
        stop = StopReason(.refusal, stop.rawValue)
    }
}

extension StopReason {
    init(chat reason: String) {
        let kind: Kind =
            switch reason {
            case "stop": .finished
            case "length": .maxTokens
            case "tool_calls", "function_call": .toolUse
            case "content_filter": .refusal
            default: .other
            }
        self.init(kind, reason)
    }
}

extension JSONText {
    /// A number as JSON; zero for a value that JSON cannot represent.
    init(number: Double) {
        self.init(trusted: Array((number.isFinite ? "\(number)" : "0").utf8))
    }
}

/// A streamed answer of OpenAI Chat Completions.
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

    /// The end mark ends the stream even without a stop reason, which some servers omit after a lost connection.
    ///
    /// ``answer()`` rejects such an answer as incomplete.
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
