public import Base
public import Core

/// A plan as it would be started, and in which order its steps would be done.
public struct PlanPreview: OutputObject {
    let plan: Plan
    let steps: [Step]

    /// Looks at a plan.
    ///
    /// - Parameters:
    ///   - plan: The plan.
    ///   - policy: The only tools that its team may use; nil for all.
    init(_ plan: Plan, policy: [String]?) {
        self.plan = plan
        steps = plan.steps.indices.map { Step(plan, number: $0, policy) }
    }

    public static let fields: [OutputField<PlanPreview>] = [
        OutputField("plan", "The plan with every default filled in; startRun takes it.") { $0.plan },
        OutputField("steps", "What each step waits for, in the order of the plan.") { $0.steps },
        OutputField("stages", "How many steps the longest way through the plan has.") {
            ($0.steps.map(\.stage).max() ?? 0) + 1
        },
    ]

    /// Where a step stands in its plan.
    struct Step: OutputObject {
        let name: StepName
        let isGate: Bool
        let isAllowed: Bool
        let stage: Int
        let references: [StepReference]

        fileprivate init(_ plan: Plan, number: Int, _ policy: [String]?) {
            let step = plan.steps[number]
            name = step.name
            isGate = step.tool.isGate
            isAllowed = step.allowsItsTool && policy?.contains(step.tool.description) ?? true
            stage = plan.graph.stages[number]
            references = plan.references(of: number)
        }

        static let fields: [OutputField<Step>] = [
            OutputField("name", "The step.") { $0.name },
            OutputField("gate", "Whether a person decides, and no worker does anything.") { $0.isGate },
            OutputField("allowed", "Whether the plan and the team allow the tool; startRun refuses it otherwise.") {
                $0.isAllowed
            },
            OutputField("stage", "How many steps come before it at least, one after the other.") { $0.stage },
            OutputField("references", "What its inputs take from other steps' outputs.") { $0.references },
        ]
    }
}

/// A place in a step's inputs that stands for a part of another step's outputs.
public struct StepReference: OutputObject, Hashable {
    let input: String
    let reference: Reference

    public static let fields: [OutputField<StepReference>] = [
        OutputField("input", "Where in the inputs.") { $0.input },
        OutputField("step", "The step whose outputs are meant.") { $0.reference.step },
        OutputField("path", "The members that lead to the part; none for all of them.") { $0.reference.path },
    ]
}

extension PlanPreview {
    private static var previewing: Action {
        Action("run.preview", needs: .read, refusal: "Insufficient permissions to preview runs")
    }

    /// Shows a plan as it would be started, and starts nothing.
    ///
    /// - Throws: A `Denial` when the caller is no member or may not read.
    public static func make(_ request: PlanRequest, in context: inout Context) throws -> PlanPreview {
        PlanPreview(request.plan, policy: try context.policy(of: request.team, attempting: previewing))
    }
}
