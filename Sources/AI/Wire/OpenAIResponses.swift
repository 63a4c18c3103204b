import Base
import Core

/// The format of OpenAI Responses.
struct OpenAIResponses: WireFormat {
    var path: String { "/responses" }

    func encode(
        _ request: CompletionRequest,
        model: String,
        isStreamed: Bool,
        for provider: Provider,
        to json: inout JSONWriter
    ) throws(WireFault) {
        guard request.stopSequences.isEmpty else {
            throw .unsupported("OpenAI Responses has no stop sequences")
        }
        guard request.thinkingTokens == nil else {
            throw .unsupported("OpenAI Responses has no number of tokens for thinking; set an effort")
        }
        let (instructions, conversation) = request.parted
        let system = (request.system.map { [$0] } ?? []) + instructions.map(\.text)
        json.object { json in
            json.member("model", model)
            json.member("max_output_tokens", request.maxTokens)
            if !system.isEmpty { json.member("instructions", system.joined(separator: "\n\n")) }
            json.member("input", conversation.map { OpenAIMessage($0, .responses) })
            if let temperature = request.temperature { json.member("temperature", JSONText(number: temperature)) }
            if let effort = request.effort {
                json.member("reasoning") { json in
                    json.object { json in json.member("effort", effort.rawValue) }
                }
            }
            if let userID = request.userID { json.member("safety_identifier", userID) }
            if let key = request.promptCacheKey { json.member("prompt_cache_key", key) }
            if let schema = request.schema {
                json.member("text") { json in Self.encodeFormat(schema, to: &json) }
            }
            // The caller keeps the conversation, so the provider need not.
            json.member("store", false)
            if isStreamed { json.member("stream", true) }
        }
    }

    func read(_ answer: JSONValue, for provider: Provider) throws(WireFault) -> WireAnswer {
        guard let output = answer["output"], output.kind == .array else {
            throw .malformed("the answer has no output")
        }
        var result = WireAnswer()
        result.model = answer["model"]?.string
        result.id = answer["id"]?.string
        result.usage = TokenUsage(openAI: answer["usage"], for: provider)
        result.cost = USDollars(number: answer["usage"]?["cost"])
        var hasRefused = false
        var wantsTool = false
        for item in output.elements {
            let type = item["type"]?.string ?? ""
            wantsTool = wantsTool || type == "function_call" || type == "custom_tool_call"
            if type == "reasoning" {
                for case let list? in [item["summary"], item["content"]] {
                    for part in list.elements { result.reasoning.addParagraph(part["text"]?.string) }
                }
            }
            guard type == "message", let content = item["content"] else { continue }
            for part in content.elements {
                if part["type"]?.string == "output_text" { result.text += part["text"]?.string ?? "" }
                hasRefused = hasRefused || part["type"]?.string == "refusal"
            }
        }
        try result.takeStatus(in: answer)
        if hasRefused { result.stop = StopReason(.refusal, result.stop.rawValue) }
        if wantsTool, result.stop.kind == .finished { result.stop = StopReason(.toolUse, result.stop.rawValue) }
        return result
    }

    func makeStream(for provider: Provider) -> any WireStream {
        OpenAIResponsesStream(provider: provider)
    }

    private static func encodeFormat(_ schema: OutputSchema, to json: inout JSONWriter) {
        json.object { json in
            json.member("format") { json in
                json.object { json in
                    json.member("type", "json_schema")
                    schema.encodeStrictly(to: &json)
                }
            }
        }
    }
}

extension WireAnswer {
    /// Reads the status of the answer, which OpenAI Responses reports in the body of a 200.
    fileprivate mutating func takeStatus(in answer: JSONValue) throws(WireFault) {
        switch answer["status"]?.string {
        case "completed":
            stop = StopReason(.finished, "completed")
        case "incomplete":
            let reason = answer["incomplete_details"]?["reason"]?.string ?? "incomplete"
            stop = StopReason(word: reason) ?? stop
            if stop.kind == .refusal { refusalCategory = reason }
        case "failed", "cancelled":
            throw .reported(ErrorBody(in: answer) ?? ErrorBody(type: "server_error"), self)
        case "queued", "in_progress":
            throw .malformed("the answer is not finished")
        case let status:
            stop = StopReason(.other, status ?? "")
        }
    }
}

/// A streamed answer of OpenAI Responses.
struct OpenAIResponsesStream: WireStream {
    private let provider: Provider
    private var text = ""
    private var reasoning = ReasoningText()
    private var hasRefused = false

    /// The last event repeats the whole answer.
    private var result: WireAnswer?

    init(provider: Provider) {
        self.provider = provider
    }

    var isTerminal: Bool { result != nil }

    var isComplete: Bool { result != nil }

    mutating func take(_ event: JSONValue) throws(WireFault) -> String {
        switch event["type"]?.string {
        case "response.output_text.delta":
            let delta = event["delta"]?.string ?? ""
            text += delta
            return delta
        case "response.reasoning_summary_text.delta", "response.reasoning_text.delta":
            reasoning.add(event["delta"]?.string)
        case "response.reasoning_summary_part.added":
            reasoning.endParagraph()
        case "response.refusal.delta":
            hasRefused = true
        case "response.completed", "response.incomplete", "response.failed":
            guard let response = event["response"] else { throw .malformed("the last event has no response") }
            var answer = try OpenAIResponses().read(response, for: provider)
            // Some servers do not repeat the text in the last event.
            if answer.text.isEmpty { answer.text = text }
            if answer.reasoning.text.isEmpty { answer.reasoning = reasoning }
            if hasRefused { answer.stop = StopReason(.refusal, answer.stop.rawValue) }
            result = answer
        default:
            break
        }
        return ""
    }

    func answer() throws(WireFault) -> WireAnswer {
        guard let result = result ?? (text.isEmpty ? nil : WireAnswer(text: text)) else { throw .cut }
        return result
    }
}
