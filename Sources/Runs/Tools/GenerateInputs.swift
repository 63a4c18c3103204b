public import Base

/// What `ai:generate` is given.
public struct GenerateInputs: InputObject {
    /// What the model is asked.
    public let prompt: String

    /// What it is told beforehand.
    public let system: String?

    /// Which model is asked; nil for the provider's own choice.
    public let model: String?

    /// The most tokens of the answer.
    public let maxTokens: Int

    /// The form that the answer is to have, in JSON Schema; what it may consist of is checked when the step is done.
    public let schema: JSONText?

    /// Which providers are asked, in this order; nil for all, in the usual order.
    public let providers: [String]?

    /// What the answer is called as an artifact; nil to keep it as outputs only.
    public let filename: ArtifactName?

    /// Whether an answer that reached `maxTokens` is good enough.
    public let allowPartial: Bool

    public static let schema = Schema(
        Field("prompt", Prompt.self, "What the model is asked."),
        .optional("system", Prompt.self, "What it is told beforehand."),
        .text("model", TextRule(1...200), "Which model is asked; by default the provider's own."),
        .integer("maxTokens", in: 1...1_000_000, default: 4_096, "The most tokens of the answer."),
        .optional("schema", FormOfAnswer.self, "The form that the answer is to have, in JSON Schema."),
        .optional("providers", ProviderList.self, "Which providers are asked, in this order; all by default."),
        .optional("filename", ArtifactName.self, "What the answer is called as an artifact; none by default."),
        .optional("allowPartial", Bool.self, default: false, "Whether an answer may end at maxTokens."),
        into: { prompt, system, model, maxTokens, schema, providers, filename, allowPartial in
            GenerateInputs(
                prompt: prompt.text,
                system: system?.text,
                model: model,
                maxTokens: maxTokens,
                schema: schema?.json,
                providers: providers?.names,
                filename: filename,
                allowPartial: allowPartial
            )
        }
    )
}

/// A text with something in it, as it is: the answers of models go into it as well.
private struct Prompt: InputValue {
    static var rule: String { "string that is not blank" }

    let text: String

    init(input: JSONValue) throws(Violations) {
        text = try String(input: input)
        guard text.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else {
            throw Violations(.tooShort, "must not be blank")
        }
    }
}

/// A JSON Schema, of which only that it is an object is looked at.
private struct FormOfAnswer: InputValue {
    static var rule: String { "object" }

    let json: JSONText

    init(input: JSONValue) throws(Violations) {
        guard input.kind == .object else { throw Violations(.invalidType, "must be an object") }
        json = try JSONText(input: input)
    }
}

/// Names of AI providers, each once: 1 to 8.
private struct ProviderList: InputValue {
    private struct Name: InputValue {
        static let text = TextRule(1...100)
        static var rule: String { text.description }

        let text: String

        init(input: JSONValue) throws(Violations) {
            text = try Self.text.read(input)
        }
    }

    let names: [String]

    static var rule: String { "array of strings, 1 to 8 elements" }

    init(input: JSONValue) throws(Violations) {
        let list: [Name] = try ListRule(1...8).read(input)
        names = list.map(\.text)
        guard Set(names).count == names.count else { throw Violations(.duplicate, "must name each once") }
    }
}
