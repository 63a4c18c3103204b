public import Base

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
