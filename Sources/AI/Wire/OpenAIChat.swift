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
    ) throws(WireFault) {
        if let reason = Self.objection(to: request) { throw .unsupported("OpenAI Chat Completions \(reason)") }
        json.object { json in
            json.member("model", model)
            json.member(provider.maxTokensField.rawValue, request.maxTokens)
            json.member("messages") { json in
                json.array { json in
                    if let system = request.system { json.element(OpenAIMessage(.system, text: system)) }
                    for message in request.messages { json.element(OpenAIMessage(message, .chat)) }
                }
            }
            if !request.stopSequences.isEmpty { json.member("stop", request.stopSequences) }
            if let temperature = request.temperature { json.member("temperature", JSONText(number: temperature)) }
            if let effort = request.effort { json.member("reasoning_effort", effort.rawValue) }
            if let userID = request.userID { json.member("safety_identifier", userID) }
            if let key = request.promptCacheKey { json.member("prompt_cache_key", key) }
            if let schema = request.schema {
                json.member("response_format") { json in Self.encodeFormat(schema, to: &json) }
            }
            if isStreamed {
                json.member("stream", true)
                guard request.asksForStreamUsage else { return }
                json.member("stream_options") { json in
                    json.object { json in json.member("include_usage", true) }
                }
            }
        }
    }

    func read(_ answer: JSONValue, for provider: Provider) throws(WireFault) -> WireAnswer {
        guard let choices = answer["choices"], choices.kind == .array else {
            throw .malformed("the answer has no choices")
        }
        var result = WireAnswer()
        result.takeHead(of: answer, for: provider)
        guard choices.count > 0 else {
            // A filter before the model leaves no choice, and the reason beside it.
            result.takeBlock(in: answer)
            return result
        }
        guard let choice = choices.elements.first(where: Self.isFirst), let message = choice["message"],
            message.kind == .object
        else { throw .malformed("the answer has no choice with a message") }
        result.text = Self.text(of: message["content"])
        result.reasoning.add(Self.reasoning(of: message))
        result.stop = choice["finish_reason"]?.string.flatMap(StopReason.init(word:)) ?? result.stop
        if let refusal = message["refusal"]?.string { result.refuse(refusal) }
        return result
    }

    func makeStream(for provider: Provider) -> any WireStream {
        OpenAIChatStream(provider: provider)
    }

    /// Requests ask for one answer only, so a choice without an index is the first.
    static func isFirst(_ choice: JSONValue) -> Bool {
        (choice["index"]?.integer ?? 0) == 0
    }

    /// The content is a string or, from some servers, an array of parts: texts and the model's reasoning.
    static func text(of content: JSONValue?) -> String {
        guard let content else { return "" }
        return content.string
            ?? content.elements.lazy.filter { ["text", "output_text", nil].contains($0["type"]?.string) }
            .compactMap { $0["text"]?.string }.joined()
    }

    /// The reasoning in a message or in a part of one.
    ///
    /// DeepSeek, vLLM and others call it `reasoning_content`; Groq, Ollama and OpenRouter `reasoning`; Mistral has parts of
    /// the content.
    static func reasoning(of message: JSONValue?) -> String {
        let named = ["reasoning_content", "reasoning"].lazy.compactMap { message?[$0]?.string }
        if let text = named.first(where: { !$0.isEmpty }) { return text }
        let details = message?["reasoning_details"]?.elements.compactMap { $0["text"]?.string ?? $0["summary"]?.string }
        if let details, !details.isEmpty { return details.joined() }
        guard let content = message?["content"], content.kind == .array else { return "" }
        return content.elements.lazy.filter { ["thinking", "reasoning"].contains($0["type"]?.string) }.map { part in
            let inner = part["thinking"] ?? part["reasoning"] ?? part["text"]
            return inner?.string ?? Self.text(of: inner)
        }.joined()
    }

    /// Why the format cannot express a request, as the rest of a sentence.
    private static func objection(to request: CompletionRequest) -> String? {
        if request.thinkingTokens != nil { return "has no number of tokens for thinking; set an effort" }
        if request.stopSequences.count > 4 { return "has at most 4 stop sequences" }
        let hasLinkedDocument = request.messages.contains { message in
            message.parts.contains { part in
                if let file = part.file, file.kind == .document, case .url = file.source { true } else { false }
            }
        }
        return hasLinkedDocument ? "has no documents by URL; give their data" : nil
    }

    private static func encodeFormat(_ schema: OutputSchema, to json: inout JSONWriter) {
        json.object { json in
            json.member("type", "json_schema")
            json.member("json_schema") { json in
                json.object { json in schema.encodeStrictly(to: &json) }
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
    /// Reads the members that an answer and an event of a stream share.
    ///
    /// Groq and Moonshot put the usage of a stream elsewhere than OpenAI does.
    fileprivate mutating func takeHead(of root: JSONValue, for provider: Provider) {
        model = model ?? root["model"]?.string
        id = id ?? root["id"]?.string
        let choice = root["choices"]?.elements.first(where: OpenAIChat.isFirst)
        for counts in [root["usage"], root["x_groq"]?["usage"], choice?["usage"]] {
            guard let tokens = TokenUsage(openAI: counts, for: provider) else { continue }
            usage = tokens
            cost = USDollars(number: counts?["cost"]) ?? cost
            break
        }
    }

    /// Reads why an answer has no choices.
    fileprivate mutating func takeBlock(in root: JSONValue) {
        let feedback = root["promptFeedback"] ?? root["prompt_feedback"]
        if let reason = (feedback?["blockReason"] ?? feedback?["block_reason"])?.string, !reason.isEmpty {
            stop = StopReason(.refusal, reason)
        } else if let reason = root["finish_reason"]?.string.flatMap(StopReason.init(word:)) {
            stop = reason
        }
    }

    /// Records a refusal.
    ///
    /// It takes precedence over the stop reason.
    mutating func refuse(_ explanation: String) {
        guard !explanation.isEmpty else { return }
        stop = StopReason(.refusal, stop.rawValue)
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
    private(set) var isComplete = false
    private var hasRefused = false
    private var result = WireAnswer()

    init(provider: Provider) {
        self.provider = provider
    }

    /// The usage follows the stop reason, so only the end mark ends the stream.
    var isTerminal: Bool { false }

    mutating func take(_ event: JSONValue) throws(WireFault) -> String {
        result.takeHead(of: event, for: provider)
        guard let choices = event["choices"], choices.kind == .array else { return "" }
        hasBegun = true
        guard let choice = choices.elements.first(where: OpenAIChat.isFirst) else { return "" }
        if let reason = choice["finish_reason"]?.string.flatMap(StopReason.init(word:)) {
            result.stop = reason
            isComplete = true
        }
        if let refusal = choice["delta"]?["refusal"]?.string, !refusal.isEmpty { hasRefused = true }
        result.reasoning.add(OpenAIChat.reasoning(of: choice["delta"]))
        let text = OpenAIChat.text(of: choice["delta"]?["content"])
        result.text += text
        return text
    }

    func answer() throws(WireFault) -> WireAnswer {
        guard hasBegun else { throw .malformed("the stream has no choices") }
        var result = result
        if hasRefused { result.stop = StopReason(.refusal, result.stop.rawValue) }
        return result
    }
}
