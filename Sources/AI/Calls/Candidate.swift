public import Core

/// A model of a provider that a call may ask, in its order.
public struct Candidate: Sendable {
    public let provider: Provider

    /// The model; nil for the provider's default.
    public let model: String?

    /// The errors of other candidates after which this one is asked; nil for all that another provider may avoid.
    private let causes: Set<AIError.Code>?

    /// Whether the caller or a route names the model, which may then have room for a longer prompt.
    private let isListed: Bool

    init(_ provider: Provider, _ model: String?, after causes: Set<AIError.Code>? = nil, isListed: Bool = false) {
        self.provider = provider
        self.model = model
        self.causes = causes
        self.isListed = isListed
    }

    /// The model that the provider is asked for; empty if none is named.
    var modelName: String { model ?? provider.defaultModel ?? "" }

    /// Whether the candidate follows after most errors, and not after certain ones only.
    var isUsual: Bool { causes == nil }

    fileprivate func names(_ error: AIError) -> Bool {
        causes?.contains(error.code) ?? false
    }

    fileprivate func isUsual(after error: AIError) -> Bool {
        isUsual && (error.tryNextProvider || isListed && error.code == .contextTooLong)
    }
}

extension Array where Element == Candidate {
    /// Removes the candidate to ask after an error; nil if the error ends the call.
    ///
    /// A candidate that names the error comes before those that follow after most errors.
    mutating func removeNext(after error: AIError) -> Candidate? {
        guard error.mayBeAvoided else { return nil }
        return (firstIndex { $0.names(error) } ?? firstIndex { $0.isUsual(after: error) }).map { remove(at: $0) }
    }
}

extension AIError {
    /// Whether another model might give an answer, under some route.
    fileprivate var mayBeAvoided: Bool {
        !hasPartialOutput && cause != .outOfTime && ![.budgetExceeded, .cancelled, .notConfigured].contains(code)
    }
}

/// What a caller says about the models to ask.
public enum ModelChoice: Sendable {
    /// These providers, or all that are configured; a model is the first provider's.
    case providers([String]?, model: String? = nil)

    /// One model of these providers, or of all that are configured: a model of another name has other embeddings.
    case sameModel(String, of: [String]?)

    /// These models of providers.
    case models([(provider: String, model: String?)])

    /// A route that the operator has defined.
    case route(String)
}

extension ModelChoice {
    /// The choice of a request that names its model itself.
    init(_ request: CompletionRequest, of names: [String]?) {
        if request.embedding != nil, let model = request.model {
            self = .sameModel(model, of: names)
        } else {
            self = .providers(names, model: request.model)
        }
    }
}

extension Providers {
    /// The candidates of a choice, in the order in which a call asks them.
    ///
    /// - Parameters:
    ///   - choice: What the caller says about the models.
    ///   - allowed: The models that the caller's team may use. A route that it may use allows all of its models.
    /// - Returns: The allowed candidates; none if the team may use no model of the choice.
    /// - Throws: ``AIError`` with `ai_not_configured` for a provider or a route that this process does not have.
    public func candidates(
        for choice: ModelChoice,
        allowing allowed: AllowedModels = .all
    ) throws(AIError) -> [Candidate] {
        switch choice {
        case .route(let name):
            guard let route = routes.first(where: { $0.name == name }) else {
                throw AIError(.notConfigured, provider: "route:\(name)")
            }
            return allowed.allowsRoute(name) ? route.candidates { Int.random(in: 0..<$0) } : []
        case .models(let models):
            var candidates: [Candidate] = []
            for (name, model) in models {
                candidates.append(Candidate(try configured(name), model, isListed: true))
            }
            return candidates.filter { $0.isAllowed(by: allowed) }
        case .sameModel(let model, let names):
            return try configured(names).map { Candidate($0, model) }.filter { $0.isAllowed(by: allowed) }
        case .providers(let names, let model):
            let candidates = try configured(names).enumerated().map { Candidate($1, $0 == 0 ? model : nil) }
                .filter { $0.isAllowed(by: allowed) }
            // Where the caller names no provider, those without a default model are left out.
            let ready = names == nil ? candidates.filter { !$0.modelName.isEmpty } : candidates
            return ready.isEmpty ? candidates : ready
        }
    }

    private func configured(_ names: [String]?) throws(AIError) -> [Provider] {
        guard names != nil || !all.isEmpty else { throw AIError(.notConfigured, provider: "") }
        var chosen: [Provider] = []
        for name in names ?? all.map(\.name) { chosen.append(try configured(name)) }
        return chosen
    }

    private func configured(_ name: String) throws(AIError) -> Provider {
        guard let provider = self[name] else { throw AIError(.notConfigured, provider: name) }
        return provider
    }
}

extension Candidate {
    fileprivate func isAllowed(by models: AllowedModels) -> Bool {
        models.allows(modelName, of: provider.name)
    }
}
