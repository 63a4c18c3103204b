public import Base
import Core

/// The inputs of `ai:generate`.
public struct GenerateInputs: InputObject {
    /// The prompt for the model.
    public let prompt: String

    /// The system prompt; nil for none.
    public let system: String?

    /// The model; nil for the provider's default.
    public let model: String?

    /// The maximum number of tokens of the answer.
    public let maxTokens: Int

    /// The JSON Schema that the answer must match.
    ///
    /// It is checked when the step runs.
    public let schema: JSONText?

    /// The providers to try, in this order; nil for all, in the configured order.
    public let providers: [String]?

    /// The models to try, in this order; nil if the inputs name a route or providers, or nothing.
    public let models: [StepModel]?

    /// The route that an operator has defined; nil for none.
    public let route: String?

    /// The name of the artifact that stores the answer; nil for no artifact.
    public let filename: ArtifactName?

    /// Whether an answer that was cut off at `maxTokens` is accepted.
    public let allowPartial: Bool

    public static let schema = Schema(
        Field("prompt", Prompt.self, "The prompt for the model."),
        .optional("system", Prompt.self, "The system prompt."),
        .text("model", TextRule(1...200), "The model; by default the provider's default."),
        .integer("maxTokens", in: 1...1_000_000, default: 4_096, "The maximum number of tokens of the answer."),
        .optional("schema", FormOfAnswer.self, "The JSON Schema that the answer must match."),
        .optional("providers", ProviderList.self, "The providers to try, in this order; by default all."),
        .optional("models", ModelList.self, "The models to try, in this order, in place of model and providers."),
        .optional("route", RouteName.self, "The operator's route to use, in place of model, providers and models."),
        .optional("filename", ArtifactName.self, "The name of the artifact that stores the answer; by default none."),
        .optional("allowPartial", Bool.self, default: false, "Whether an answer cut off at maxTokens is accepted."),
        into: {
            prompt,
            system,
            model,
            maxTokens,
            schema,
            providers,
            models,
            route,
            filename,
            allowPartial throws(Violations) in
            let namesProvider = model != nil || providers != nil
            if models != nil, namesProvider {
                let detail = "must be absent with model or providers"
                throw Violations(Violation(field: "models", .invalidFormat, detail))
            }
            if route != nil, namesProvider || models != nil {
                let detail = "must be absent with model, providers or models"
                throw Violations(Violation(field: "route", .invalidFormat, detail))
            }
            return GenerateInputs(
                prompt: prompt.text,
                system: system?.text,
                model: model,
                maxTokens: maxTokens,
                schema: schema?.json,
                providers: providers?.names,
                models: models?.models,
                route: route?.text,
                filename: filename,
                allowPartial: allowPartial
            )
        }
    )
}

/// A text that is not blank.
///
/// It is not normalised, because answers of models become prompts too.
private struct Prompt: InputValue {
    static var rule: String { "string that is not blank" }
    static var form: ValueForm { .pattern(#"\S"#) }

    let text: String

    init(input: JSONValue) throws(Violations) {
        text = try String(input: input)
        guard text.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else {
            throw Violations(.tooShort, "must not be blank")
        }
    }
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
private struct ProviderList: InputValue {
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
