import Base

/// The check of the references in a plan: to steps that end before, and to outputs and artifacts that they can have.
struct ReferenceCheck {
    /// A step that references can name.
    struct Source {
        /// The tool; nil if it is not valid.
        let tool: ToolName?

        /// Whether dependents start although the step failed, without its outputs.
        let continues: Bool

        /// The artifacts that the step can make.
        let artifacts: StepArtifacts
    }

    let ancestors: PlanAncestors

    /// The numbers of the steps, by name.
    let numbers: [String: Int]

    let sources: [Source]

    /// The fault of a marker in a step's inputs; nil if there is none.
    func fault(of place: StepInputs.Place, in number: Int) -> (code: Violation.Code, detail: String)? {
        place.marker.leaves(accepting: place.kinds).lazy.compactMap { fault(of: $0, in: number) }.first
    }

    private func fault(of place: InputMarker.Leaf, in number: Int) -> (code: Violation.Code, detail: String)? {
        switch place.marker {
        case .secret, .text, .json, .parse: return nil
        case .from(let text, _):
            guard let reference = Reference(text, isStep: { numbers[$0] != nil }) else { return Self.noStep }
            return fault(of: reference.step, in: number, place, unless: { shorterReference(text, in: number) })
                ?? fault(of: reference, place.kinds)
        case .artifact(let text, _, _):
            guard let reference = ArtifactReference(text, isStep: { numbers[$0] != nil }) else { return Self.noStep }
            if let fault = fault(of: reference.step, in: number, place, unless: { nil }) { return fault }
            guard let other = numbers[reference.step], !sources[other].artifacts.contains(reference.name) else {
                return nil
            }
            return (.notFound, "must name an artifact that the step makes")
        }
    }

    private static var noStep: (code: Violation.Code, detail: String) {
        (.notFound, "must begin with the name of a step")
    }

    /// The fault of a reference to a step.
    private func fault(
        of step: String,
        in number: Int,
        _ place: InputMarker.Leaf,
        unless otherMeaning: () -> String?
    ) -> (code: Violation.Code, detail: String)? {
        guard let other = numbers[step] else { return Self.noStep }
        if ancestors.isDone(other, before: number) == false {
            let hint = otherMeaning().map { "names the step \(step); write \($0) for the member of another step" }
            return (.notFound, hint ?? "must refer to a step that this one depends on")
        }
        guard sources[other].continues, place.marker.fallback == nil else { return nil }
        return (.required, "must have a default, because step \(step) has no outputs if it fails and continues")
    }

    /// The JSON Pointer of the same reference to a shorter step name, if this step depends on that step.
    private func shorterReference(_ text: String, in number: Int) -> String? {
        let other = Reference(text) { name in
            numbers[name].map { ancestors.isDone($0, before: number) == true } ?? false
        }
        return other.map { StepPath.pointer([$0.step] + $0.path) }
    }

    /// The fault of a reference to an output that the tool does not have, or of a type that does not fit.
    private func fault(
        of reference: Reference,
        _ accepted: Set<JSONValue.Kind>?
    ) -> (code: Violation.Code, detail: String)? {
        guard let tool = numbers[reference.step].flatMap({ sources[$0].tool }) else { return nil }
        guard let part = tool.kind.output.part(at: reference.path) else {
            let names = tool.kind.outputs?.map(\.name).joined(separator: ", ") ?? ""
            return (.notFound, "must refer to an output of \(tool), which are \(names), or to a member of one")
        }
        guard let kind = part.json, let accepted, !accepted.contains(kind) else { return nil }
        return (.invalidType, "must not refer to \(kind.words)")
    }
}

extension JSONValue.Kind {
    fileprivate var words: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}
