import AI
import Base
import Core

/// The input: the request and the providers to call.
struct Question: InputObject {
    let request: CompletionRequest
    let providers: [String]?
    let route: String?
    let team: UUID?
    let isStreamed: Bool

    var choice: ModelChoice { route.map { .route($0) } ?? .providers(providers, model: request.model) }

    static let schema = Schema(
        Field("prompt", Prompt.self, "What is asked."),
        .optional("system", Prompt.self, "What the model is told before."),
        .optional("model", String.self, "The first provider's model; by default the configured one."),
        .optional("maxTokens", MaxTokens.self, default: MaxTokens(count: 1_024), "The most tokens of the answer."),
        .optional("schema", JSONText.self, "A JSON Schema that the answer is to follow."),
        .optional("providers", [String].self, "Whom to ask, the first one first; by default all that are configured."),
        .optional("route", RouteName.self, "The route to use, in place of model and providers."),
        .optional("teamId", UUID.self, "Who pays."),
        .optional("stream", Bool.self, default: false, "Whether to show the text on standard error as it comes."),
        into: { prompt, system, model, maxTokens, schema, providers, route, team, isStreamed throws(Violations) in
            guard route == nil || model == nil && providers == nil else {
                throw Violations(Violation(field: "route", .invalidFormat, "must be absent with model or providers"))
            }
            var request = CompletionRequest(
                prompt.text,
                model: model,
                system: system?.text,
                maxTokens: maxTokens.count
            )
            request.schema = try schema.map { (schema) throws(Violations) in try OutputSchema(input: schema) }
            return Question(
                request: request,
                providers: providers,
                route: route?.text,
                team: team,
                isStreamed: isStreamed
            )
        }
    )
}

/// A prompt of up to 500,000 bytes.
private struct Prompt: InputValue {
    static let rule = "string, 1 to 500000 bytes"
    static let form = ValueForm.pattern("^.", atMost: 500_000)

    let text: String

    init(input: JSONValue) throws(Violations) {
        text = try String(input: input)
        guard !text.isEmpty else { throw Violations(.tooShort, "must not be empty") }
        guard text.utf8.count <= 500_000 else { throw Violations(.tooLong, "must have at most 500000 bytes") }
    }
}

/// The largest number of tokens of the answer.
private struct MaxTokens: InputValue, CustomStringConvertible {
    private static let range = IntegerRule(1...1_000_000)

    let count: Int

    static var rule: String { range.description }
    static var form: ValueForm { range.form }

    init(count: Int) {
        self.count = count
    }

    init(input: JSONValue) throws(Violations) {
        count = try Self.range.read(input)
    }

    var description: String { "\(count)" }
}

extension OutputSchema {
    fileprivate init(input: JSONText) throws(Violations) {
        do throws(Invalid) {
            try self.init(name: "answer", String(decoding: input.bytes, as: UTF8.self))
        } catch {
            throw Violations(Violation(field: "schema", .invalidFormat, "\(error)"))
        }
    }
}
