import Base

/// The AI models, providers and the route that a step's inputs name.
///
/// What a reference stands for is not known until the step runs.
struct NamedModels {
    private struct Model {
        /// Nil where the inputs do not name it, or name it by a reference.
        var provider: String?
        var model: String?
    }

    private let route: String?
    private let models: [Model]

    /// Reads the inputs of `ai:generate` or `ai:embed`.
    init(_ inputs: StepInputs, of tool: ToolName.Kind) {
        let root = try? JSONDocument(parsing: inputs.json.bytes).root
        route = root?["route"].flatMap(Self.name)
        if let listed = root?["models"], listed.kind == .array {
            models = listed.elements.map {
                Model(provider: $0["provider"].flatMap(Self.name), model: $0["model"].flatMap(Self.name))
            }
        } else {
            var chosen = root?["providers"]?.elements.map { Model(provider: Self.name($0)) } ?? []
            if chosen.isEmpty { chosen.append(Model()) }
            // Only the first provider is asked for the step's model; for embeddings, all are.
            for index in chosen.indices.prefix(tool == .embed ? chosen.count : 1) {
                chosen[index].model = root?["model"].flatMap(Self.name)
            }
            models = chosen
        }
    }

    /// What the step's worker must have.
    ///
    /// A step that names several providers needs a worker that has all of them.
    var needs: [String] {
        if let route { return [StepNeed.route(route)] }
        var needs: [String] = []
        for model in models {
            let need = model.provider.flatMap(StepNeed.provider) ?? StepNeed.anyProvider
            if !needs.contains(need) { needs.append(need) }
        }
        return needs
    }

    /// The models and the route as `nofx.is_model_allowed` takes them, such as `openai/gpt-*` and `route:fast`.
    ///
    /// A `*` stands for what the inputs do not name.
    var labels: [String] {
        if let route { return ["route:\(route)"] }
        var labels: [String] = []
        for model in models {
            let label = "\(model.provider ?? "*")/\(model.model ?? "*")"
            if !labels.contains(label) { labels.append(label) }
        }
        return labels
    }

    /// A name as the tool reads it; nil for a reference.
    private static func name(_ value: JSONValue) -> String? {
        try? TextRule(1...200).read(value)
    }
}

extension PlanStep {
    /// The AI models and the route that the step asks for; nil if it uses another tool.
    var namedModels: NamedModels? {
        [.generate, .embed].contains(tool.kind) ? NamedModels(inputs, of: tool.kind) : nil
    }
}
