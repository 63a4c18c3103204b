public import Base

/// The inputs of `ai:embed`.
public struct EmbedInputs: InputObject {
    /// The texts.
    public let texts: [String]

    /// The model.
    public let model: String

    /// The number of dimensions; nil for the model's own.
    public let dimensions: Int?

    /// The providers to try, in this order; nil for all, in the configured order.
    public let providers: [String]?

    public static let schema = Schema(
        Field("input", Texts.self, "The text, or up to 256 texts, of which embeddings are computed."),
        Field("model", ModelName.self, "The model."),
        .integer("dimensions", in: 1...65_536, "The number of dimensions; by default the model's own."),
        .optional("providers", ProviderList.self, "The providers to try, in this order; by default all."),
        into: { texts, model, dimensions, providers in
            EmbedInputs(texts: texts.all, model: model.text, dimensions: dimensions, providers: providers?.names)
        }
    )

    /// A text, or a list of texts.
    private struct Texts: InputValue {
        private static let list = ListRule(1...256)

        let all: [String]

        static var rule: String { "string that is not blank, or array of these, \(list)" }
        static var form: ValueForm { .either([PromptText.form, list.form(of: PromptText.form)]) }

        init(input: JSONValue) throws(Violations) {
            if input.kind == .string {
                all = [try PromptText(input: input).text]
            } else {
                let texts: [PromptText] = try Self.list.read(input)
                all = texts.map(\.text)
            }
        }
    }

    private struct ModelName: InputValue {
        private static let text = TextRule(1...200)

        static var rule: String { text.description }
        static var form: ValueForm { text.form }

        let text: String

        init(input: JSONValue) throws(Violations) {
            text = try Self.text.read(input)
        }
    }
}
