import Base

/// What the steps of a plan have to do with each other, to be checked also where they break rules of their own.
struct PlanOutline {
    private struct Step {
        let name: StepName?
        let dependsOn: [StepName?]
        let places: [StepInputs.Place]
    }

    private let steps: [Step]

    /// Takes the steps of a plan.
    init(_ steps: [PlanStep]) {
        self.steps = steps.map { Step(name: $0.name, dependsOn: $0.dependsOn, places: $0.inputs.places) }
    }

    /// Takes what can be made out of a plan's input; nothing where there is too much.
    init(_ input: JSONValue) {
        guard let steps = input["steps"], steps.count <= Plan.stepLimit else {
            self.steps = []
            return
        }
        self.steps = steps.elements.map { step in
            let names = step["dependsOn"].flatMap { $0.count <= Plan.stepLimit ? $0 : nil }
            return Step(
                name: step["name"].flatMap { try? StepName(input: $0) },
                dependsOn: names?.elements.map { try? StepName(input: $0) } ?? [],
                places: step["inputs"].flatMap { try? StepInputs(input: $0) }?.places ?? []
            )
        }
    }

    /// Resolves names to numbers.
    ///
    /// - Returns: Which steps wait for which, and the rules that they break.
    func check() -> (graph: PlanGraph, violations: [Violation]) {
        var violations: [Violation] = []
        let numbers = numbers(&violations)
        let graph = PlanGraph(dependencies: steps.indices.map { dependencies(of: $0, numbers, &violations) })
        for circle in graph.circles(limit: Violations.limit) {
            violations.append(
                Violation(field: "steps[\(circle[0])].dependsOn", .circular, "must not lead back: \(words(circle))")
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
                violations.report(field(), .notFound, "is the name of no step")
                continue
            }
            guard other != number else {
                violations.report(field(), .circular, "must not be the step itself")
                continue
            }
            if !dependencies.insert(other).inserted { violations.report(field(), .duplicate, "is there already") }
        }
        return dependencies.sorted()
    }

    private func checkReferences(_ numbers: [String: Int], _ graph: PlanGraph, _ violations: inout [Violation]) {
        guard steps.contains(where: { !$0.places.isEmpty }) else { return }
        let ancestors = PlanAncestors(graph)
        for (number, step) in steps.enumerated() {
            for place in step.places where violations.count < Violations.limit {
                guard case .from(let text) = place.marker else { continue }
                let field = { "steps[\(number)].inputs.\(place.field)" }
                let reference = Reference(text, isStep: { numbers[$0] != nil })
                guard let other = reference.flatMap({ numbers[$0.step] }) else {
                    violations.report(field(), .notFound, "must begin with the name of a step")
                    continue
                }
                guard ancestors.isDone(other, before: number) == false else { continue }
                violations.report(field(), .notFound, "must refer to a step that this one depends on")
            }
        }
    }

    /// The names of the steps in a circle, as far as anybody would read them.
    private func words(_ circle: [Int]) -> String {
        let names = circle.prefix(10).map { steps[$0].name?.rawValue ?? "steps[\($0)]" }
        guard circle.count > names.count else { return (names + [names[0]]).joined(separator: " → ") }
        return names.joined(separator: " → ") + " → … (\(circle.count) steps)"
    }
}

extension [Violation] {
    /// Takes note of a rule that is broken; what would never be reported is not kept.
    fileprivate mutating func report(_ field: String, _ code: Violation.Code, _ detail: String) {
        guard count < Violations.limit else { return }
        append(Violation(field: field, code, detail))
    }
}
