public import Base
public import Core

/// A preview of a plan: the order of its steps, and whether each is allowed.
public struct PlanPreview: OutputObject {
    let plan: Plan
    let steps: [Step]

    /// Makes a preview.
    ///
    /// - Parameters:
    ///   - plan: The plan.
    ///   - denied: The tools that the team may not use.
    init(_ plan: Plan, denied: Set<String>) {
        self.plan = plan
        steps = plan.steps.indices.map { Step(plan, number: $0, denied) }
    }

    public static let fields: [OutputField<PlanPreview>] = [
        OutputField("plan", "The plan with all defaults filled in; startRun accepts it.") { $0.plan },
        OutputField("steps", "The steps, in the order of the plan.") { $0.steps },
        OutputField("stages", "The number of steps on the longest path through the plan.") {
            ($0.steps.map(\.stage).max() ?? 0) + 1
        },
    ]

    /// A step of the preview.
    struct Step: OutputObject {
        let name: StepName
        let isGate: Bool
        let isAllowed: Bool
        let stage: Int
        let references: [StepReference]

        fileprivate init(_ plan: Plan, number: Int, _ denied: Set<String>) {
            let step = plan.steps[number]
            name = step.name
            isGate = step.tool.isGate
            isAllowed = step.allowsItsTool && !denied.contains(step.tool.description)
            stage = plan.graph.stages[number]
            references = plan.references(of: number)
        }

        static let fields: [OutputField<Step>] = [
            OutputField("name", "The step.") { $0.name },
            OutputField("gate", "Whether the step is a gate, which no worker executes.") { $0.isGate },
            OutputField("allowed", "Whether the plan and the team allow the tool; if not, startRun refuses.") {
                $0.isAllowed
            },
            OutputField("stage", "The length of the longest dependency chain before the step.") { $0.stage },
            OutputField("references", "The references in its inputs to outputs of other steps.") { $0.references },
        ]
    }
}

/// A reference in a step's inputs to another step's outputs.
public struct StepReference: OutputObject, Hashable {
    let input: String
    let reference: Reference

    public static let fields: [OutputField<StepReference>] = [
        OutputField("input", "The path of the reference in the inputs.") { $0.input },
        OutputField("step", "The step whose outputs are referenced.") { $0.reference.step },
        OutputField("path", "The path within the outputs; empty for all outputs.") { $0.reference.path },
    ]
}

extension PlanPreview {
    private static var previewing: Action {
        Action("run.preview", needs: .read, refusal: "Insufficient permissions to preview runs")
    }

    /// Validates a plan and shows it as startRun would start it.
    ///
    /// - Throws: A `Denial`.
    public static func make(_ request: PlanRequest, in context: inout Context) throws -> PlanPreview {
        let denied = try context.deniedTools(of: request.plan, for: request.team, attempting: previewing)
        return PlanPreview(request.plan, denied: denied)
    }
}
