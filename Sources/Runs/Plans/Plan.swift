public import Base

/// A plan: steps, and the dependencies between them.
///
/// A valid plan can be started: its step names are unique, its dependencies have no cycle, its steps refer only to
/// steps that they depend on, and the inputs match the tools.
public struct Plan: InputObject, OutputObject, Hashable {
    /// The maximum number of steps.
    public static let stepLimit = 1_000

    /// The purpose of the plan.
    public let goal: PlanGoal

    /// The steps; a step's number is its index, from 0.
    public let steps: [PlanStep]

    /// The time limit of the whole run; nil for none.
    public let deadlineSeconds: Int?

    /// The dependencies between the steps.
    public let graph: PlanGraph

    private let names: Set<String>

    /// The tools that steps use although their own `toolsAllowed` excludes them, each once, in the order of the steps.
    public var deniedTools: [ToolName] {
        var denied: [ToolName] = []
        for step in steps where !step.allowsItsTool && !denied.contains(step.tool) { denied.append(step.tool) }
        return denied
    }

    /// The references in a step's inputs, in the order of the inputs.
    func references(of number: Int) -> [StepReference] {
        steps[number].inputs.places.flatMap { place in
            place.marker.leaves().compactMap { leaf in
                guard case .from(let text, _) = leaf.marker else { return nil }
                return Reference(text, isStep: names.contains).map { StepReference(input: place.field, reference: $0) }
            }
        }
    }

    public static var rule: String { "object" }
    public static var form: ValueForm { .object }

    public static let schema = Schema(
        Field("goal", PlanGoal.self, "The purpose of the run."),
        .list("steps", of: PlanStep.self, 1...Plan.stepLimit, "The steps to run."),
        .integer("deadlineSeconds", in: 1...30 * 86_400, "The time limit of the run; by default none."),
        into: { goal, steps, deadlineSeconds throws(Violations) in
            try Plan(goal: goal, steps: steps, deadlineSeconds: deadlineSeconds)
        }
    )

    public static let fields: [OutputField<Plan>] = [
        OutputField("goal", "The purpose of the run.") { $0.goal },
        OutputField("steps", "The steps to run.") { $0.steps },
        OutputField("deadlineSeconds", "The time limit of the run; null if there is none.") {
            $0.deadlineSeconds
        },
    ]

    public init(input: JSONValue) throws(Violations) {
        do throws(Violations) {
            self = try Self.schema.decode(input)
        } catch {
            // Report the violations between steps together with those within steps.
            throw error.adding(PlanOutline(input).check().violations)
        }
    }

    private init(goal: PlanGoal, steps: [PlanStep], deadlineSeconds: Int?) throws(Violations) {
        let (graph, violations) = PlanOutline(steps).check()
        if let violations = Violations(violations) { throw violations }
        self.goal = goal
        self.steps = steps
        self.deadlineSeconds = deadlineSeconds
        self.graph = graph
        names = Set(steps.map(\.name.rawValue))
    }
}

/// The input of startRun and previewRun: a plan, or a prompt to make a plan from.
public struct PlanRequest: InputObject {
    /// The team.
    public let team: ID<Run.Team>

    /// The plan.
    public let plan: Plan

    public static let choice: FieldChoice? = .exactlyOne(["plan", "standard"])

    public static let schema = Schema(
        Field("teamId", ID<Run.Team>.self, "The team."),
        .optional("plan", Plan.self, "The plan: goal, steps, deadlineSeconds."),
        .optional("standard", StandardPlan.self, "A prompt to make a plan from: prompt, quality, filename, approval."),
        into: { team, plan, standard throws(Violations) in
            switch (plan, standard) {
            case (let plan?, nil): return PlanRequest(team: team, plan: plan)
            case (nil, let standard?): return PlanRequest(team: team, plan: try standard.plan())
            default: throw Violations(.required, "must have exactly one of plan and standard")
            }
        }
    )
}

/// The purpose of a run: 1 to 2000 visible characters, line breaks allowed.
public struct PlanGoal: RawRepresentable, Hashable, InputValue, OutputValue {
    private static let text = TextRule(1...2_000, allowsLines: true)

    public let rawValue: String

    public static var rule: String { text.description }
    public static var form: ValueForm { text.form }

    public init(input: JSONValue) throws(Violations) {
        rawValue = try Self.text.read(input)
    }

    public init?(rawValue: String) {
        guard let goal = try? Self.text.check(rawValue) else { return nil }
        self.rawValue = goal
    }
}
