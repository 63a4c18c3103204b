public import Base
import Core

/// A model of a provider that a step names.
public struct StepModel: InputObject, Hashable {
    /// The provider's name.
    public let provider: String

    /// The model; nil for the provider's default.
    public let model: String?

    public static let schema = Schema(
        Field("provider", ProviderName.self, "The provider, by its name in the configuration of workers."),
        .text("model", TextRule(1...200), "The model; by default the provider's default."),
        into: { StepModel(provider: $0.text, model: $1) }
    )

    /// A name, which only workers can check: they have the providers.
    private struct ProviderName: InputValue {
        static let rules = TextRule(1...100)
        static var rule: String { rules.description }
        static var form: ValueForm { rules.form }

        let text: String

        init(input: JSONValue) throws(Violations) {
            text = try Self.rules.read(input)
        }
    }
}

/// One to eight models, without duplicates.
struct ModelList: InputValue {
    let models: [StepModel]

    static var rule: String { "array of objects, 1 to 8 elements" }
    static var form: ValueForm { .array(StepModel.form, 1...8, isSet: true) }
    static var inputShape: ObjectShape { StepModel.inputShape }

    init(input: JSONValue) throws(Violations) {
        models = try ListRule(1...8).read(input)
        guard Set(models).count == models.count else { throw Violations(.duplicate, "must name each model once") }
    }

    /// The violation of inputs that name their models in two ways; nil if there is none.
    static func conflict(_ models: ModelList?, _ route: RouteName?, namesProvider: Bool) -> Violation? {
        if models != nil, namesProvider {
            return Violation(field: "models", .invalidFormat, "must be absent with model or providers")
        }
        guard route != nil, namesProvider || models != nil else { return nil }
        return Violation(field: "route", .invalidFormat, "must be absent with model, providers or models")
    }
}
