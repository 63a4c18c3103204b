public import Base

/// What a team wants done: steps, and which of them have to wait for which.
///
/// A plan that exists can be started: its names are unique, its steps wait for each other without a circle, refer only
/// to what is done before, and give their tools what those take.
public struct Plan: InputObject, OutputObject, Hashable {
    /// How many steps a plan may have.
    public static let stepLimit = 1_000

    /// What it is for.
    public let goal: PlanGoal

    /// The steps; a step's number is its place, from 0.
    public let steps: [PlanStep]

    /// How long the whole run may take; nil for as long as it takes.
    public let deadlineSeconds: Int?

    /// Which steps wait for which.
    public let graph: PlanGraph

    private let names: Set<String>

    /// The tools of steps whose own list of tools does not have them, each once, in the order of the steps.
    public var deniedTools: [ToolName] {
        var denied: [ToolName] = []
        for step in steps where !step.allowsItsTool && !denied.contains(step.tool) { denied.append(step.tool) }
        return denied
    }

    /// What a step's inputs refer to, in the order of the inputs.
    func references(of number: Int) -> [StepReference] {
        steps[number].inputs.places.compactMap { place in
            guard case .from(let text) = place.marker else { return nil }
            return Reference(text, isStep: names.contains).map { StepReference(input: place.field, reference: $0) }
        }
    }

    public static var rule: String { "object" }

    public static let schema = Schema(
        Field("goal", PlanGoal.self, "What it is for."),
        .list("steps", of: PlanStep.self, 1...Plan.stepLimit, "What is to be done."),
        .integer("deadlineSeconds", in: 1...30 * 86_400, "How long the run may take; as long as it takes by default."),
        into: { goal, steps, deadlineSeconds throws(Violations) in
            try Plan(goal: goal, steps: steps, deadlineSeconds: deadlineSeconds)
        }
    )

    public static let fields: [OutputField<Plan>] = [
        OutputField("goal", "What it is for.") { $0.goal },
        OutputField("steps", "What is to be done.") { $0.steps },
        OutputField("deadlineSeconds", "How long the run may take; null for as long as it takes.") {
            $0.deadlineSeconds
        },
    ]

    public init(input: JSONValue) throws(Violations) {
        do throws(Violations) {
            self = try Self.schema.decode(input)
        } catch {
            // Steps that break rules of their own are held against each other all the same.
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

/// A team, and what it wants done: a plan, or a prompt to make one of.
public struct PlanRequest: InputObject {
    /// The team.
    public let team: ID<Run.Team>

    /// What is to be done.
    public let plan: Plan

    public static let schema = Schema(
        Field("teamId", ID<Run.Team>.self, "The team."),
        .optional("plan", Plan.self, "What is to be done: goal, steps, deadlineSeconds."),
        .optional("standard", StandardPlan.self, "A prompt to make a plan of: prompt, quality, filename, approval."),
        into: { team, plan, standard throws(Violations) in
            switch (plan, standard) {
            case (let plan?, nil): return PlanRequest(team: team, plan: plan)
            case (nil, let standard?): return PlanRequest(team: team, plan: try standard.plan())
            default: throw Violations(.required, "must have exactly one of plan and standard")
            }
        }
    )
}

/// What a run is for: 1 to 2000 characters that people can see, in lines.
public struct PlanGoal: RawRepresentable, Hashable, InputValue, OutputValue {
    private static let text = TextRule(1...2_000, allowsLines: true)

    public let rawValue: String

    public static var rule: String { text.description }

    public init(input: JSONValue) throws(Violations) {
        rawValue = try Self.text.read(input)
    }

    public init?(rawValue: String) {
        guard let goal = try? Self.text.check(rawValue) else { return nil }
        self.rawValue = goal
    }
}
