import Base
import Core
import System

/// A named list of models that an operator defines: models that share the calls by weight, and models to fall back to.
struct Route: Sendable {
    let name: String

    /// The models of which each call draws the first one.
    let models: [(candidate: Candidate, weight: Int)]

    /// The models that follow when all others have failed, or when their causes occur.
    let fallbacks: [Candidate]

    /// The models in the order in which a call tries them.
    ///
    /// - Parameter draw: Returns a random number from 0 up to its argument.
    /// - Returns: The models that share the calls, the drawn one first, and then the fallbacks.
    func candidates(drawing draw: (Int) -> Int) -> [Candidate] {
        var rest = models
        var order: [Candidate] = []
        while !rest.isEmpty {
            var place = draw(rest.reduce(0) { $0 + $1.weight })
            let index = rest.firstIndex { model in
                place -= model.weight
                return place < 0
            }
            order.append(rest.remove(at: index ?? 0).candidate)
        }
        return order + fallbacks
    }
}

extension Route {
    /// Reads `NOFX_ROUTES`.
    ///
    /// The variable holds a JSON text or the path of a file:
    ///
    /// ```json
    /// [{"name": "fast",
    ///   "models": [{"provider": "groq", "weight": 3}, {"provider": "openai", "model": "gpt-6-luna"}],
    ///   "fallbacks": [{"provider": "gemini", "when": ["ai_context_too_long"]}, {"provider": "anthropic-ai"}]}]
    /// ```
    ///
    /// - Throws: `ConfigurationError`, which names the invalid field.
    static func routes(_ environment: Environment, of providers: [Provider]) throws(ConfigurationError) -> [Route] {
        let variable = "NOFX_ROUTES"
        guard let document = try ConfigurationText.read(variable, from: environment) else { return [] }
        do throws(Violations) {
            let entries: [RouteEntry] = try ListRule(0...256).read(document.root)
            var routes: [Route] = []
            for (index, entry) in entries.enumerated() {
                do throws(Violations) {
                    guard !routes.contains(where: { $0.name == entry.name.text }) else {
                        throw Violations(Violation(field: "name", .duplicate, "is the name of another route"))
                    }
                    routes.append(try entry.route(of: providers))
                } catch {
                    throw error.prefixed(with: "[\(index)]")
                }
            }
            return routes
        } catch {
            throw ConfigurationError(variable, error)
        }
    }
}

/// An entry of `NOFX_ROUTES`.
private struct RouteEntry: InputObject {
    let name: RouteName
    let models: [Model]
    let fallbacks: [Model]

    static let schema = Schema(
        Field("name", RouteName.self, "The name by which steps use the route."),
        .list("models", of: Model.self, 1...16, "The models that share the calls."),
        .optional("fallbacks", [Model].self, default: [], "The models that follow."),
        into: { name, models, fallbacks throws(Violations) in
            guard fallbacks.count <= 16 else {
                throw Violations(Violation(field: "fallbacks", .tooMany, "must have at most 16 elements"))
            }
            for (index, model) in models.enumerated() where model.causes != nil {
                let detail = "is for fallbacks only"
                throw Violations(Violation(field: "models[\(index)].when", .invalidFormat, detail))
            }
            for (index, model) in fallbacks.enumerated() where model.weight != nil {
                let detail = "is for models only: fallbacks are tried in their order"
                throw Violations(Violation(field: "fallbacks[\(index)].weight", .invalidFormat, detail))
            }
            return RouteEntry(name: name, models: models, fallbacks: fallbacks)
        }
    )

    func route(of providers: [Provider]) throws(Violations) -> Route {
        var weighted: [(candidate: Candidate, weight: Int)] = []
        for (index, model) in models.enumerated() {
            weighted.append((try model.candidate(of: providers, at: "models[\(index)]"), model.weight ?? 1))
        }
        var later: [Candidate] = []
        for (index, model) in fallbacks.enumerated() {
            later.append(try model.candidate(of: providers, at: "fallbacks[\(index)]"))
        }
        return Route(name: name.text, models: weighted, fallbacks: later)
    }

    /// A model of a route.
    struct Model: InputObject {
        let provider: String
        let model: String?
        let weight: Int?
        let causes: [FallbackCause]?

        static let schema = Schema(
            Field("provider", ProviderName.self, "The provider."),
            .text("model", TextRule(1...200), "The model; by default the provider's default."),
            .integer("weight", in: 1...1_000, "The share of the calls that try the model first; 1 by default."),
            .optional("when", [FallbackCause].self, "The errors after which the fallback is tried; by default most."),
            into: { provider, model, weight, causes throws(Violations) in
                guard causes?.isEmpty != true else {
                    throw Violations(Violation(field: "when", .tooShort, "must name an error"))
                }
                return Model(provider: provider.text, model: model, weight: weight, causes: causes)
            }
        )

        func candidate(of providers: [Provider], at place: String) throws(Violations) -> Candidate {
            guard let provider = providers.first(where: { $0.name == provider }) else {
                throw Violations(Violation(field: "\(place).provider", .notFound, "must be a configured provider"))
            }
            guard model ?? provider.defaultModel != nil else {
                let detail = "is required, because the provider has no default model"
                throw Violations(Violation(field: "\(place).model", .required, detail))
            }
            return Candidate(provider, model, after: causes.map { Set($0.map(\.code)) }, isListed: true)
        }
    }
}

/// An error after which a route can try another model.
private struct FallbackCause: InputValue {
    /// The errors that another model cannot avoid.
    private static let excluded: Set<AIError.Code> = [.budgetExceeded, .cancelled, .notConfigured]

    private static var names: [String] {
        AIError.Code.allCases.filter { !excluded.contains($0) }.map(\.rawValue)
    }

    let code: AIError.Code

    static var rule: String { "one of \(names.joined(separator: ", "))" }
    static var form: ValueForm { .names(names) }

    init(input: JSONValue) throws(Violations) {
        guard let code = AIError.Code(rawValue: try String(input: input)), !Self.excluded.contains(code) else {
            throw Violations(.invalidEnum, "must be \(Self.rule)")
        }
        self.code = code
    }
}
