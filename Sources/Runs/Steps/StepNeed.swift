public import Base

/// What a step needs of its worker, besides its tool: a worker says what it has in each claim, and gets no other steps.
public enum StepNeed {
    /// Any AI provider.
    public static let anyProvider = "ai"

    /// An AI provider; nil if its name cannot be a need.
    public static func provider(_ name: String) -> String? {
        let isPlain = name.utf8.allSatisfy { $0.isLetterOrDigit || "-_./".utf8.contains($0) }
        return isPlain && !name.isEmpty ? "ai:\(name)" : nil
    }

    /// A key of an AI provider, by its fingerprint.
    ///
    /// No step needs one. Workers note theirs, so that the circuit breakers of replaced keys are deleted.
    public static func key(_ fingerprint: String, of provider: String) -> String { "key:\(provider)@\(fingerprint)" }

    /// The secrets of a scope of a team.
    public static func secrets(_ scope: String, of team: UUID) -> String { "secrets:\(team)/\(scope)" }

    /// The needs of a step, which the database stores with it.
    static func needs(of step: PlanStep, team: UUID) -> [String] {
        var needs: [String] = []
        if [.generate, .embed].contains(step.tool.kind) {
            let names = step.inputs.providers
            // Several providers stand in for each other.
            needs.append(names.count == 1 ? provider(names[0]) ?? anyProvider : anyProvider)
        }
        if step.inputs.usesSecrets, let scope = step.secretsScope { needs.append(secrets(scope.rawValue, of: team)) }
        return needs
    }
}

extension StepInputs {
    /// Whether any input is a secret.
    var usesSecrets: Bool {
        places.contains { place in
            place.marker.leaves().contains { if case .secret = $0.marker { true } else { false } }
        }
    }

    /// The names in the inputs' list of AI providers; none if it is missing or a reference.
    fileprivate var providers: [String] {
        guard let root = try? JSONDocument(parsing: json.bytes).root else { return [] }
        return root["providers"]?.elements.compactMap(\.string) ?? []
    }
}

extension UInt8 {
    fileprivate var isLetterOrDigit: Bool {
        isDigit || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self)
            || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self)
    }
}
