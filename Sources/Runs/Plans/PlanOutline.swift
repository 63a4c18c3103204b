import Base

/// The relations between the steps of a plan.
///
/// They can be checked even when single steps are invalid.
struct PlanOutline {
    private struct Step {
        let name: StepName?
        let dependsOn: [StepName?]
        let tool: ToolName?
        let continues: Bool
        let inputs: StepInputs

        var places: [StepInputs.Place] { inputs.places }

        /// The step as references see it.
        ///
        /// - Parameter hasArtifacts: Whether the artifacts matter; to find them takes reading the inputs again.
        /// - Returns: The tool, and what the step makes.
        func source(hasArtifacts: Bool) -> ReferenceCheck.Source {
            var artifacts = StepArtifacts.unknown
            if hasArtifacts, let tool, let root = try? JSONDocument(parsing: inputs.json.bytes, limits: .stepValue).root
            {
                artifacts = StepArtifacts(of: tool, root)
            }
            return ReferenceCheck.Source(tool: tool, continues: continues, artifacts: artifacts)
        }
    }

    private let steps: [Step]

    init(_ steps: [PlanStep]) {
        self.steps = steps.map {
            Step(
                name: $0.name,
                dependsOn: $0.dependsOn,
                tool: $0.tool,
                continues: $0.onFailure == .continue,
                inputs: $0.inputs
            )
        }
    }

    /// Takes the valid parts of a plan's input; nothing if the plan has too many steps.
    init(_ input: JSONValue) {
        guard let steps = input["steps"], steps.count <= Plan.stepLimit else {
            self.steps = []
            return
        }
        self.steps = steps.elements.map { step in
            let names = step["dependsOn"].flatMap { $0.count <= Plan.stepLimit ? $0 : nil }
            let tool = step["tool"].flatMap { try? ToolName(input: $0) }
            var inputs = StepInputs.empty
            if let given = step["inputs"], let valid = try? StepInputs(input: given) {
                inputs = valid
                if let tool { _ = inputs.check(for: tool, given) }
            }
            return Step(
                name: step["name"].flatMap { try? StepName(input: $0) },
                dependsOn: names?.elements.map { try? StepName(input: $0) } ?? [],
                tool: tool,
                continues: step["onFailure"].flatMap { try? FailurePolicy(input: $0) } == .continue,
                inputs: inputs
            )
        }
    }

    /// Resolves names to step numbers.
    ///
    /// - Returns: The dependency graph and the violations.
    func check() -> (graph: PlanGraph, violations: [Violation]) {
        var violations: [Violation] = []
        let numbers = numbers(&violations)
        let graph = PlanGraph(dependencies: steps.indices.map { dependencies(of: $0, numbers, &violations) })
        for cycle in graph.cycles(limit: Violations.limit) {
            violations.append(
                Violation(field: "steps[\(cycle[0])].dependsOn", .circular, "must not form a cycle: \(words(cycle))")
            )
        }
        checkReferences(numbers, graph, &violations)
        return (graph, violations)
    }
}

extension PlanOutline {
    private func numbers(_ violations: inout [Violation]) -> [String: Int] {
        var numbers: [String: Int] = [:]
        numbers.reserveCapacity(steps.count)
        for (number, step) in steps.enumerated() {
            guard let name = step.name?.rawValue else { continue }
            if numbers[name] == nil {
                numbers[name] = number
            } else {
                violations.report("steps[\(number)].name", .duplicate, "is the name of another step")
            }
        }
        return numbers
    }

    private func dependencies(of number: Int, _ numbers: [String: Int], _ violations: inout [Violation]) -> [Int] {
        var dependencies: Set<Int> = []
        for (place, name) in steps[number].dependsOn.enumerated() {
            guard let name else { continue }
            let field = { "steps[\(number)].dependsOn[\(place)]" }
            guard let other = numbers[name.rawValue] else {
                violations.report(field(), .notFound, "is not the name of a step")
                continue
            }
            guard other != number else {
                violations.report(field(), .circular, "must not be the step itself")
                continue
            }
            if !dependencies.insert(other).inserted { violations.report(field(), .duplicate, "is a duplicate") }
        }
        return dependencies.sorted()
    }

    private func checkReferences(_ numbers: [String: Int], _ graph: PlanGraph, _ violations: inout [Violation]) {
        guard steps.contains(where: { !$0.places.isEmpty }) else { return }
        let hasArtifacts = steps.contains { step in
            step.places.contains { place in
                place.marker.leaves().contains { if case .artifact = $0.marker { true } else { false } }
            }
        }
        let check = ReferenceCheck(
            ancestors: PlanAncestors(graph),
            numbers: numbers,
            sources: steps.map { $0.source(hasArtifacts: hasArtifacts) }
        )
        for (number, step) in steps.enumerated() {
            for place in step.places where violations.count < Violations.limit {
                guard let (code, detail) = check.fault(of: place, in: number) else { continue }
                violations.report("steps[\(number)].inputs.\(place.field)", code, detail)
            }
        }
    }

    /// The names of the steps in a cycle, at most the first ten.
    private func words(_ cycle: [Int]) -> String {
        let names = cycle.prefix(10).map { steps[$0].name?.rawValue ?? "steps[\($0)]" }
        guard cycle.count > names.count else { return (names + [names[0]]).joined(separator: " → ") }
        return names.joined(separator: " → ") + " → … (\(cycle.count) steps)"
    }
}

extension [Violation] {
    /// Adds a violation unless the maximum that is reported has been reached.
    fileprivate mutating func report(_ field: String, _ code: Violation.Code, _ detail: String) {
        guard count < Violations.limit else { return }
        append(Violation(field: field, code, detail))
    }
}
