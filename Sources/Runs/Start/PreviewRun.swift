public import Base
public import Core

/// A preview of a plan: the order of its steps, whether each is allowed, and all that startRun would refuse.
public struct PlanPreview: OutputObject {
    let plan: Plan
    let refusals: [StartRefusal]
    let outputs: [ToolOutputs]
    let steps: [Step]

    /// Makes a preview.
    ///
    /// - Parameters:
    ///   - plan: The plan.
    ///   - found: All that startRun would refuse.
    init(_ plan: Plan, _ found: StartRefusals) {
        self.plan = plan
        refusals = found.problems.map(StartRefusal.init)
        outputs = ToolOutputs.all(of: plan)
        steps = plan.steps.indices.map { number in
            let step = plan.steps[number]
            let isDenied =
                found.tools.contains(step.tool.description)
                || found.scopes.contains { $0 == step.secretsScope?.rawValue }
                || step.namedModels?.labels.contains(where: found.models.contains) ?? false
            return Step(plan, number: number, isAllowed: step.allowsItsTool && !isDenied)
        }
    }

    public static let fields: [OutputField<PlanPreview>] = [
        OutputField("plan", "The plan with all defaults filled in; startRun accepts it.") { $0.plan },
        OutputField("refusals", "All that startRun would refuse now; empty if it would start the plan.") {
            $0.refusals
        },
        OutputField("outputs", "The outputs of the plan's tools, to which references can refer.") { $0.outputs },
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

        fileprivate init(_ plan: Plan, number: Int, isAllowed: Bool) {
            let step = plan.steps[number]
            name = step.name
            isGate = step.tool.isGate
            self.isAllowed = isAllowed
            stage = plan.graph.stages[number]
            references = plan.references(of: number)
        }

        static let fields: [OutputField<Step>] = [
            OutputField("name", "The step.") { $0.name },
            OutputField("gate", "Whether the step is a gate, which no worker executes.") { $0.isGate },
            OutputField(
                "allowed",
                "Whether the plan and the team allow the tool, secrets and AI models; if not, startRun refuses."
            ) {
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

/// The outputs of a tool of the plan.
struct ToolOutputs: OutputObject {
    let tool: ToolName

    /// Nil for a tool that puts out its inputs.
    let outputs: [ToolOutput]?

    static func all(of plan: Plan) -> [ToolOutputs] {
        var tools: [ToolName] = []
        for step in plan.steps where !tools.contains(step.tool) { tools.append(step.tool) }
        return tools.map { ToolOutputs(tool: $0, outputs: $0.kind.outputs) }
    }

    static let fields: [OutputField<ToolOutputs>] = [
        OutputField("tool", "The tool.") { $0.tool },
        OutputField("outputs", "Its outputs; null if the outputs are the inputs.") { $0.outputs },
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
        let (plan, team) = (request.plan, request.team)
        let refusals = try context.refusals(of: plan, in: team, attempting: previewing)
        return PlanPreview(plan, refusals)
    }
}
