import Base

/// The artifacts that a step can make.
enum StepArtifacts: Hashable, Sendable {
    case named(Set<String>)
    /// The name follows from a reference.
    case unknown

    /// Whether the step can make an artifact with this name.
    func contains(_ name: String) -> Bool {
        switch self {
        case .named(let names): names.contains(name)
        case .unknown: true
        }
    }

    /// The artifacts that a tool makes from inputs.
    init(of tool: ToolName, _ inputs: JSONValue) {
        switch tool.kind {
        case .generate: self = Self.name(inputs["filename"], default: .answer)
        case .embed: self = .named([ArtifactName.embeddings.rawValue])
        case .writeArtifact: self = Self.name(inputs["name"], default: nil)
        case .httpRequest: self = .named([ArtifactName.httpBody.rawValue])
        case .gate, .echo, .fail, .wait: self = .named([])
        }
    }

    private static func name(_ value: JSONValue?, default fallback: ArtifactName?) -> StepArtifacts {
        guard let value, !value.isNull else { return .named(fallback.map { [$0.rawValue] } ?? []) }
        return value.string.map { .named([$0]) } ?? .unknown
    }
}

extension ArtifactName {
    /// The name of the artifact that has the answer of a model, unless the inputs name it.
    public static var answer: ArtifactName { ArtifactName(known: "output.md") }

    /// The name of the artifact that has embeddings which are too large for the outputs.
    public static var embeddings: ArtifactName { ArtifactName(known: "embeddings.json") }

    /// The name of the artifact that has the body of an HTTP answer which is too large for the outputs.
    public static var httpBody: ArtifactName { ArtifactName(known: "body") }
}
