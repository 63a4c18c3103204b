import Base
import Cryptography
import Reliability
import System

extension ProviderEntry {
    /// Reads `NOFX_PROVIDERS`.
    ///
    /// - Parameters:
    ///   - environment: The environment variables.
    ///   - variables: Reads the providers that variables describe, for their presets.
    /// - Returns: The providers, in the order of the list.
    /// - Throws: `ConfigurationError`, which names fields and never shows a key.
    static func providers(
        _ environment: Environment,
        _ variables: ProviderVariables
    ) throws(ConfigurationError) -> [Provider] {
        let variable = "NOFX_PROVIDERS"
        guard let document = try ConfigurationText.read(variable, from: environment) else { return [] }
        var providers: [Provider] = []
        do throws(Violations) {
            let entries: [ProviderEntry] = try ListRule(0...64).read(document.root)
            for (index, entry) in entries.enumerated() {
                do throws(Violations) {
                    let provider = try entry.provider(environment, variables)
                    guard !providers.contains(where: { $0.name == provider.name }) else {
                        throw Violations(Violation(field: "name", .duplicate, "is the name of another provider"))
                    }
                    providers.append(provider)
                } catch {
                    throw error.prefixed(with: "[\(index)]")
                }
            }
        } catch {
            throw ConfigurationError(variable, error)
        }
        return providers
    }

    /// The provider that the entry describes.
    private func provider(
        _ environment: Environment,
        _ variables: ProviderVariables
    ) throws(Violations) -> Provider {
        try checkFields()
        let base = try described(by: variables)
        let settings = preset?.settings
        guard let wire = wire ?? base?.wireFormat ?? (settings == nil ? nil : .openAIChat) else {
            throw Self.missing("wire")
        }
        let usual = try address(settings)
        guard let url = baseURL ?? base?.baseURL ?? usual else { throw Self.missing("baseUrl") }
        guard let name = name?.text ?? preset?.name else { throw Self.missing("name") }
        let authentication = authentication ?? base?.authentication ?? settings?.authentication
        var provider = Provider(
            name: name,
            wireFormat: wire,
            baseURL: url,
            keys: try keys(environment, base),
            authentication: authentication ?? (wire == .anthropicMessages ? .apiKeyHeader : .bearer)
        )
        provider.preset = preset?.rawValue
        provider.apiVersion = base?.apiVersion ?? Provider.stableAPIVersion
        provider.defaultModel = model ?? (baseURL == nil ? base?.defaultModel ?? settings?.model : nil)
        provider.maxTokensField = maxTokensField ?? base?.maxTokensField ?? settings?.maxTokensField ?? .maxTokens
        provider.organization = base?.organization
        provider.project = base?.project
        provider.promptIncludesCacheWrites = promptIncludesCacheWrites ?? base?.promptIncludesCacheWrites ?? true
        provider.reportsCost = reportsCost ?? settings?.reportsCost ?? false
        provider.headers = try providerHeaders(environment)
        if authentication == .aws { provider.signature = try signature(for: url, environment) }
        provider.query = query?.parameters ?? []
        if let apiVersion {
            if wire == .anthropicMessages {
                provider.apiVersion = apiVersion
            } else {
                provider.query.append((name: "api-version", value: apiVersion))
            }
        }
        provider.breakerPolicy = try breakerPolicy(environment)
        provider.prices = prices ?? (settings?.isFree == true ? [.free] : [])
        return provider
    }

    private static func missing(_ field: String) -> Violations {
        Violations(Violation(field: field, .required, "is required without a preset"))
    }

    /// Checks the rules across fields.
    private func checkFields() throws(Violations) {
        var violations: [Violation] = []
        func refuse(_ field: String, _ detail: String) {
            violations.append(Violation(field: field, .invalidFormat, detail))
        }
        if let name, let owner = ProviderPreset.reserving(name.text), preset != owner {
            refuse("name", "is reserved for the preset \(owner.rawValue)")
        }
        if resource != nil, preset != .azure || baseURL != nil {
            refuse("resource", "is for the preset azure without a baseUrl only")
        }
        if region != nil, authentication != .aws, preset != .bedrock || baseURL != nil {
            refuse("region", "is for the preset bedrock and for auth aws only")
        }
        if authentication == .aws {
            if region == nil { refuse("region", "is required with auth aws") }
            if keys != nil { refuse("keys", "must be absent with auth aws") }
        }
        if preset == .azure, baseURL == nil {
            if resource == nil { refuse("resource", "is required with the preset azure, unless it has a baseUrl") }
            if apiVersion == nil, query?.parameters.contains(where: { $0.name == "api-version" }) != true {
                refuse("apiVersion", "is required with the preset azure, unless it has a baseUrl, as in 2024-10-21")
            }
            if wire == .openAIResponses { refuse("wire", "must be chat with the preset azure without a baseUrl") }
        }
        if preset == .bedrock, region == nil, baseURL == nil {
            refuse("region", "is required with the preset bedrock, unless it has a baseUrl")
        }
        for (field, value) in [("resource", resource), ("region", region)] {
            guard let value, !value.utf8.allSatisfy({ $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "-") }) else {
                continue
            }
            refuse(field, "must have letters, digits and - only")
        }
        if let apiVersion {
            if preset != .azure, preset != .anthropic, wire != .anthropicMessages {
                refuse("apiVersion", "is for the wire messages and the preset azure only")
            }
            if !apiVersion.utf8.allSatisfy({ $0.isLetter || $0.isDigit || "-.".utf8.contains($0) }) {
                refuse("apiVersion", "must be a version, as in 2024-10-21")
            }
        }
        if let model, !model.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) {
            refuse("model", "must be printable ASCII without spaces")
        }
        if let violations = Violations(violations) { throw violations }
    }

    /// The provider that variables describe, if the preset stands for it.
    private func described(by variables: ProviderVariables) throws(Violations) -> Provider? {
        do throws(ConfigurationError) {
            switch preset {
            case .anthropic: return try variables.anthropic(isRequired: true)
            case .openai: return try variables.openAI(isRequired: true)
            default: return nil
            }
        } catch {
            throw Violations(Violation(field: "preset", .invalidFormat, "\(error.variable) \(error.rule)"))
        }
    }

    /// The address of a preset; nil without one, or where the entry has its own.
    private func address(_ settings: ProviderPreset.Settings?) throws(Violations) -> BaseURL? {
        guard baseURL == nil, var url = settings?.url else { return nil }
        for (part, value) in [("{resource}", resource), ("{region}", region)] {
            guard let value else { continue }
            url = String(
                decoding: Array(url.utf8).replacing(bytes: Array(part.utf8), by: Array(value.utf8)),
                as: UTF8.self
            )
        }
        do throws(BaseURL.Invalid) {
            return try BaseURL(url)
        } catch {
            throw Violations(Violation(field: "preset", .invalidFormat, "has no address that \(error.description)"))
        }
    }

    private func keys(_ environment: Environment, _ base: Provider?) throws(Violations) -> [ProviderKey] {
        guard let listed = keys?.names else { return try presetKeys(environment, base) }
        var keys: [ProviderKey] = []
        for (index, variable) in listed.enumerated() {
            do throws(Violations) {
                let key = ProviderKey(try variable.value(in: environment))
                guard !keys.contains(where: { $0.secret.bytes == key.secret.bytes }) else {
                    throw Violations(.duplicate, "names a variable with the same key as one before it")
                }
                keys.append(key)
            } catch {
                throw error.prefixed(with: "keys[\(index)]")
            }
        }
        return keys
    }

    private func presetKeys(_ environment: Environment, _ base: Provider?) throws(Violations) -> [ProviderKey] {
        if let base {
            guard base.keys.isEmpty, baseURL == nil, base.isAtItsMakers else { return base.keys }
            throw Violations(
                Violation(field: "keys", .required, "is required, unless \(base.keyVariable) is set")
            )
        }
        guard let settings = preset?.settings, authentication != .aws else { return [] }
        if let value = environment[settings.key] {
            guard value.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                let detail = "has a space, line break, control character or byte outside ASCII"
                throw Violations(Violation(field: "keys", .invalidCharacters, "\(settings.key) \(detail)"))
            }
            return [ProviderKey(Secret(value))]
        }
        // A server of one's own in the place of the provider may need no key.
        guard settings.needsKey, baseURL == nil else { return [] }
        throw Violations(Violation(field: "keys", .required, "is required, unless \(settings.key) is set"))
    }

    /// The signature of requests to Amazon Bedrock.
    private func signature(for url: BaseURL, _ environment: Environment) throws(Violations) -> AWSSignature {
        guard let credentials = AWSCredentials(environment) else {
            let detail = "needs the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            throw Violations(Violation(field: "auth", .required, detail))
        }
        let service = url.text.hasPrefix("https://bedrock-mantle.") ? "bedrock-mantle" : "bedrock"
        return AWSSignature(service: service, region: region ?? "", credentials: credentials)
    }

    private func breakerPolicy(_ environment: Environment) throws(Violations) -> CircuitBreakerPolicy? {
        do throws(Violations) {
            return try breaker?.policy(environment)
        } catch {
            throw error.prefixed(with: "breaker")
        }
    }

    private func providerHeaders(_ environment: Environment) throws(Violations) -> [ProviderHeader] {
        var result: [ProviderHeader] = []
        for (name, value) in headers?.fields ?? [] {
            switch value {
            case .text(let text): result.append(ProviderHeader(name: name, value: Secret(text), isSecret: false))
            case .variable(let variable):
                do throws(Violations) {
                    let value = try variable.value(in: environment)
                    result.append(ProviderHeader(name: name, value: value, isSecret: true))
                } catch {
                    throw error.prefixed(with: "headers.\(name)")
                }
            }
        }
        return result
    }
}

extension Provider {
    /// Whether the provider is at the address of the company that made its format.
    fileprivate var isAtItsMakers: Bool { baseURL == .anthropic || baseURL == .openAI }

    fileprivate var keyVariable: String {
        wireFormat == .anthropicMessages ? "ANTHROPIC_API_KEY" : "OPENAI_API_KEY"
    }
}

extension ModelPrice {
    /// The price of every model on a machine of the operator.
    fileprivate static var free: ModelPrice { ModelPrice("*", Rates(input: 0, output: 0)) }
}
