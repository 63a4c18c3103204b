public import Base

/// The inputs of `ai:generate`.
public struct GenerateInputs: InputObject {
    /// The prompt for the model; nil where there are messages.
    public let prompt: String?

    /// The messages, or the prompt as the only one.
    public let messages: [PromptMessage]

    /// The system prompt; nil for none.
    public let system: String?

    /// The model; nil for the provider's default.
    public let model: String?

    /// The maximum number of tokens of the answer.
    public let maxTokens: Int

    /// How random the answer is; nil for the model's default.
    public let temperature: Double?

    /// The texts that end the answer.
    public let stop: [String]

    /// How much the model should reason; nil for its default.
    public let effort: ReasoningEffort?

    /// The maximum number of tokens for thinking; nil for the model's default.
    public let thinkingBudget: Int?

    /// How long the provider keeps everything before the last message in its cache; nil for its default.
    public let cache: PromptPart.CacheControl?

    /// The JSON Schema that the answer must match.
    ///
    /// It is checked when the step runs.
    public let schema: JSONText?

    /// The providers to try, in this order; nil for all, in the configured order.
    public let providers: [String]?

    /// The name of the artifact that stores the answer; nil for no artifact.
    public let filename: ArtifactName?

    /// Whether an answer that was cut off at `maxTokens` is accepted.
    public let allowPartial: Bool

    public static let choice: FieldChoice? = .exactlyOne(["prompt", "messages"])

    public static let schema = Schema(
        .optional("prompt", PromptText.self, "The prompt for the model."),
        .optional("messages", Conversation.self, "The conversation, in place of a prompt."),
        .optional("system", PromptText.self, "The system prompt."),
        .text("model", TextRule(1...200), "The model; by default the provider's default."),
        .integer("maxTokens", in: 1...1_000_000, default: 4_096, "The maximum number of tokens of the answer."),
        .optional("temperature", Temperature.self, "How random the answer is; some models refuse it."),
        .optional("stop", StopSequences.self, "Texts that end the answer."),
        .optional("effort", ReasoningEffort.self, "How much the model should reason."),
        .integer("thinkingBudget", in: 1_024...1_000_000, "The maximum number of tokens for thinking."),
        .optional(
            "cacheControl",
            PromptPart.CacheControl.self,
            "How long the provider caches everything before the last message, or a single message."
        ),
        .optional("schema", FormOfAnswer.self, "The JSON Schema that the answer must match."),
        .optional("providers", ProviderList.self, "The providers to try, in this order; by default all."),
        .optional("filename", ArtifactName.self, "The name of the artifact that stores the answer; by default none."),
        .optional("allowPartial", Bool.self, default: false, "Whether an answer cut off at maxTokens is accepted."),
        into: {
            prompt,
            conversation,
            system,
            model,
            maxTokens,
            temperature,
            stop,
            effort,
            thinkingBudget,
            cache,
            schema,
            providers,
            filename,
            allowPartial throws(Violations) in
            guard prompt != nil || conversation != nil else {
                throw Violations(Violation(field: "prompt", .required, "is required, or messages in its place"))
            }
            guard prompt == nil || conversation == nil else {
                throw Violations(Violation(field: "messages", .invalidFormat, "must be absent with prompt"))
            }
            guard thinkingBudget ?? 0 < maxTokens else {
                throw Violations(Violation(field: "thinkingBudget", .outOfRange, "must be less than maxTokens"))
            }
            guard (conversation?.marks ?? 0) + (cache == nil ? 0 : 1) <= Conversation.mostMarks else {
                throw Violations(
                    Violation(field: "cacheControl", .tooMany, "must occur at most 4 times with those of messages")
                )
            }
            return GenerateInputs(
                prompt: prompt?.text,
                messages: conversation?.messages ?? prompt.map { [PromptMessage(.user, $0.text)] } ?? [],
                system: system?.text,
                model: model,
                maxTokens: maxTokens,
                temperature: temperature?.number,
                stop: stop?.all ?? [],
                effort: effort,
                thinkingBudget: thinkingBudget,
                cache: cache,
                schema: schema?.json,
                providers: providers?.names,
                filename: filename,
                allowPartial: allowPartial
            )
        }
    )
}

/// A JSON Schema; only its being an object is checked here.
private struct FormOfAnswer: InputValue {
    static var rule: String { "object" }
    static var form: ValueForm { .map(.any) }

    let json: JSONText

    init(input: JSONValue) throws(Violations) {
        guard input.kind == .object else { throw Violations(.invalidType, "must be an object") }
        json = try JSONText(input: input)
    }
}

/// The names of 1 to 8 AI providers, without duplicates.
struct ProviderList: InputValue {
    private struct Name: InputValue {
        static let text = TextRule(1...100)
        static var rule: String { text.description }
        static var form: ValueForm { text.form }

        let text: String

        init(input: JSONValue) throws(Violations) {
            text = try Self.text.read(input)
        }
    }

    let names: [String]

    static var rule: String { "array of strings, 1 to 8 elements" }
    static var form: ValueForm { .array(Name.form, 1...8, isSet: true) }

    init(input: JSONValue) throws(Violations) {
        let list: [Name] = try ListRule(1...8).read(input)
        names = list.map(\.text)
        guard Set(names).count == names.count else { throw Violations(.duplicate, "must name each provider once") }
    }
}
