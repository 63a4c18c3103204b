public import Base

/// An entry of `NOFX_PROVIDERS`: a provider's settings, or the name of a preset.
struct ProviderEntry: InputValue {
    let name: ProviderName?
    let preset: ProviderPreset?
    let wire: WireFormatName?
    let baseURL: BaseURL?

    /// The variables that hold the keys; nil for those of the preset.
    let keys: VariableList?

    let authentication: Provider.Authentication?
    let model: String?
    let headers: HeaderList?
    let query: QueryList?
    let breaker: BreakerOptions?
    let prices: [ModelPrice]?
    let maxTokensField: Provider.MaxTokensField?
    let apiVersion: String?
    let resource: String?
    let region: String?
    let promptIncludesCacheWrites: Bool?
    let reportsCost: Bool?

    static var rule: String { "object, or the name of a preset" }
    static var form: ValueForm { .either([.object, ProviderPreset.form]) }

    init(input: JSONValue) throws(Violations) {
        if input.kind == .string {
            self.init(try ProviderPreset(input: input))
        } else {
            self = try Self.schema.decode(input)
        }
    }

    /// A preset under its own name, with its own settings.
    private init(_ preset: ProviderPreset) {
        name = nil
        self.preset = preset
        (wire, baseURL, keys, authentication, model, headers) = (nil, nil, nil, nil, nil, nil)
        (query, breaker, prices, maxTokensField, apiVersion) = (nil, nil, nil, nil, nil)
        (resource, region, promptIncludesCacheWrites, reportsCost) = (nil, nil, nil, nil)
    }

    // swift-format-ignore
    private init(
        name: ProviderName?, preset: ProviderPreset?, wire: WireFormatName?, baseURL: BaseURL?, keys: VariableList?,
        authentication: Provider.Authentication?, model: String?, headers: HeaderList?, query: QueryList?,
        breaker: BreakerOptions?, prices: [ModelPrice]?, maxTokensField: Provider.MaxTokensField?, apiVersion: String?,
        resource: String?, region: String?, promptIncludesCacheWrites: Bool?, reportsCost: Bool?
    ) {
        (self.name, self.preset, self.wire, self.baseURL, self.keys) = (name, preset, wire, baseURL, keys)
        (self.authentication, self.model, self.headers, self.query) = (authentication, model, headers, query)
        (self.breaker, self.prices, self.maxTokensField) = (breaker, prices, maxTokensField)
        (self.apiVersion, self.resource, self.region) = (apiVersion, resource, region)
        (self.promptIncludesCacheWrites, self.reportsCost) = (promptIncludesCacheWrites, reportsCost)
    }

    private static let schema = Schema(
        .optional("name", ProviderName.self, "The provider's name; by default the preset's."),
        .optional("preset", ProviderPreset.self, "What fills in the fields that are left out."),
        .optional("wire", WireFormatName.self, "The format of requests and answers."),
        .optional("baseUrl", BaseURL.self, "The address; {model} in its path stands for the model."),
        .optional("keys", VariableList.self, "The variables that hold the keys."),
        .optional("auth", Provider.Authentication.self, "The header that carries the key."),
        .text("model", TextRule(1...200), "The model for requests that name none."),
        .optional("headers", HeaderList.self, "More headers."),
        .optional("query", QueryList.self, "The query of the address."),
        .optional("breaker", BreakerOptions.self, "The options of the provider's circuit breaker."),
        .optional("prices", [ModelPrice].self, "The provider's prices, which come before all others."),
        .optional("maxTokensField", Provider.MaxTokensField.self, "The field for the token limit."),
        .text("apiVersion", TextRule(1...40), "The version of Anthropic's or Azure's API."),
        .text("resource", TextRule(1...64), "The resource at Azure."),
        .text("region", TextRule(1...32), "The region of AWS."),
        .optional("promptIncludesCacheWrites", Bool.self, "Whether prompt tokens include cache writes."),
        .optional("reportsCost", Bool.self, "Whether each answer says what it cost."),
        into: ProviderEntry.init
    )
}

/// The name of a provider and of its circuit breaker: 1 to 40 of a to z, 0 to 9 and `-`, beginning with a letter.
struct ProviderName: InputValue {
    let text: String

    static var rule: String { "string, 1 to 40 of a to z, 0 to 9 and -" }
    static var form: ValueForm { .pattern("^[a-z][a-z0-9-]{0,39}$") }

    init(input: JSONValue) throws(Violations) {
        text = try String(input: input)
        let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
        guard (1...40).contains(text.utf8.count), text.utf8.first.map(letters.contains) ?? false,
            text.utf8.allSatisfy({ letters.contains($0) || $0.isDigit || $0 == UInt8(ascii: "-") })
        else {
            throw Violations(.invalidFormat, "must have 1 to 40 of a to z, 0 to 9 and -, and begin with a letter")
        }
    }
}

extension WireFormatName: InputEnumeration {}

extension Provider.Authentication: InputEnumeration {}

extension Provider.MaxTokensField: InputEnumeration {}

extension BaseURL: InputValue {
    public static var rule: String { "URL" }
    public static var form: ValueForm { .format("uri") }

    public init(input: JSONValue) throws(Violations) {
        let text = try String(input: input)
        do throws(Invalid) {
            try self.init(text)
        } catch {
            throw Violations(.invalidFormat, error.description)
        }
    }
}
